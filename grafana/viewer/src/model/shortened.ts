/** A name in the room that there is, in letters. What shows it has to tell the whole of it some other way. */
export const shortened = (name: string, letters: number): string => (name.length <= letters ? name : `${name.slice(0, Math.max(letters - 1, 0))}…`);

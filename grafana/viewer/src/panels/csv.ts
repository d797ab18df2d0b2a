/** A panel's data as a file that spreadsheets open. */
import { type DataFrame, type Field, FieldType, getFieldDisplayName } from '@grafana/data';
import { unparse } from 'papaparse';

/** What is shown, as numbers and times that a program reads: one row a time where series share a panel, else a table each. */
export function toCsv(frames: DataFrame[]): string {
  const tables = frames.length > 1 && frames.every(isSeries) ? [joined(frames)] : frames.map((frame) => rowsOf(frame, frames));
  // A text that a label brought along must not become a formula in somebody's spreadsheet.
  return tables.map((rows) => unparse(rows, { escapeFormulae: true })).join('\r\n\r\n');
}

export function downloadCsv(frames: DataFrame[], name: string): void {
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  const file = URL.createObjectURL(new Blob([`\ufeff${toCsv(frames)}`], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = file;
  link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'data'}.csv`;
  link.click();
  URL.revokeObjectURL(file);
}

type Cell = string | number | boolean | null;

const isHidden = (field: Field): boolean => Boolean((field.config.custom as { hidden?: boolean } | undefined)?.hidden);
const isSeries = (frame: DataFrame): boolean => frame.fields.length === 2 && frame.fields[0]?.type === FieldType.time;

function rowsOf(frame: DataFrame, all: DataFrame[]): Cell[][] {
  const fields = frame.fields.filter((field) => !isHidden(field));
  const rows = Array.from({ length: frame.length }, (_, row) => fields.map((field) => cellOf(field, field.values[row])));
  return [fields.map((field) => getFieldDisplayName(field, frame, all)), ...rows];
}

/** Series beside each other, where their times are the same or not. */
function joined(frames: DataFrame[]): Cell[][] {
  const columns = frames.map((frame) => {
    const [time, value] = frame.fields as [Field<number>, Field];
    return { name: getFieldDisplayName(value, frame, frames), field: value, at: new Map(time.values.map((when, row) => [when, value.values[row] as unknown])) };
  });
  const times = [...new Set(columns.flatMap(({ at }) => [...at.keys()]))].sort((a, b) => a - b);
  return [['Time', ...columns.map(({ name }) => name)], ...times.map((when) => [isoOf(when), ...columns.map(({ field, at }) => cellOf(field, at.get(when)))])];
}

function cellOf(field: Field, value: unknown): Cell {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return null;
  }
  if (field.type === FieldType.time && typeof value === 'number') {
    return isoOf(value);
  }
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
}

const isoOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

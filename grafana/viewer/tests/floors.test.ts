import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SOURCES = resolve(import.meta.dirname, '../src');
// The folders of src/, from the ground up: each imports from those before it and from itself. Files beside them may import
// from all of them.
const FLOORS = ['model', 'grafana', 'data', 'components', 'shims', 'app', 'panels', 'pages'];

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
const floorOf = (file: string): number => (folderOf(file) === '' ? FLOORS.length : FLOORS.indexOf(folderOf(file)));

/** The files of ours that a file imports, at once or later, as paths below src/. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(\.[^']*)'/g);
  return [...found].map(([, path = '']) => relative(SOURCES, resolve(SOURCES, dirname(file), path)));
}

describe('the folders of src/', () => {
  it('all have a floor', () => {
    expect(new Set(files.map(folderOf).filter(Boolean))).toEqual(new Set(FLOORS));
  });

  it('are seen to import each other', () => {
    expect(importsOf('pages/DashboardPage.tsx')).toContain('panels/registry');
    expect(importsOf('panels/registry.ts')).toContain('panels/LogsPanel');
    expect(importsOf('start.tsx')).toContain('setup');
  });

  it('import nothing from above themselves', () => {
    const upwards = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => floorOf(path) > floorOf(file))
        .map((path) => `${file} imports ${path}`)
    );
    expect(upwards).toEqual([]);
  });
});

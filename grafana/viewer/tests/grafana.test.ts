import { createTheme, type DataFrame, FieldType, formattedValueToString } from '@grafana/data';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { toTable } from '../src/data/prometheus';
import { applyFieldConfig, fieldConfigOf } from '../src/grafana/fieldConfig';
import { summary } from '../src/panels/Summary';
import { registerTransformers, transform, unknownTransformations } from '../src/grafana/transform';

const theme = createTheme({ colors: { mode: 'dark' } });
const table = (refId: string, value: string, job: string): DataFrame => toTable([{ metric: { job }, value: [1, value] }], { refId }, `Value #${refId}`);

beforeAll(() => {
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('navigator', { languages: ['en-US'] });
  registerTransformers();
});

describe("Grafana's transformations", () => {
  it('merge tables and name their columns', async () => {
    const [frame, ...rest] = await transform(
      [table('A', '1', 'a'), table('B', '2', 'a')],
      [
        { id: 'merge', options: {} },
        { id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { 'Value #A': 'one', 'Value #B': '$name' } } },
      ],
      (text) => text.replace('$name', 'two')
    );
    expect(rest).toHaveLength(0);
    expect(frame?.fields.map((field) => [field.config.displayName ?? field.name, field.values])).toEqual([['job', ['a']], ['one', [1]], ['two', [2]]]);
  });

  it('leave out what is switched off', async () => {
    const frames = [table('A', '1', 'a')];
    expect(await transform(frames, [{ id: 'limit', options: { limitField: 0 }, disabled: true }], String)).toBe(frames);
  });

  it('that are not in the library are named', () => {
    expect(unknownTransformations([{ id: 'merge', options: {} }, { id: 'regression', options: {} }, { id: 'heatmap', options: {}, disabled: true }])).toEqual(['regression']);
  });
});

describe("Grafana's field options", () => {
  const frame: DataFrame = {
    refId: 'A',
    length: 1,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: [1000] },
      { name: 'Value', type: FieldType.number, config: {}, labels: { job: 'a' }, values: [0.95] },
    ],
  };
  const applied = (fieldConfig: Parameters<typeof fieldConfigOf>[0]['fieldConfig'], type = 'stat') =>
    applyFieldConfig([frame], fieldConfigOf({ type, fieldConfig }), theme, 'utc', (text) => text.replace('${__field.labels.job}', 'a'))[0]?.fields[1];

  it('format a value in its unit, coloured by its threshold', () => {
    const field = applied({ defaults: { unit: 'percentunit', thresholds: { mode: 'absolute' as never, steps: [{ color: 'green', value: null as never }, { color: 'red', value: 0.9 }] } }, overrides: [] });
    const shown = field?.display?.(0.95);
    expect(shown && formattedValueToString(shown)).toBe('95%');
    expect(shown?.color).toBe('#F2495C');
  });

  it('are told with the latest value of each series to those who do not see a picture of it', () => {
    const values = [0.5, 0.95, null];
    const [shown] = applyFieldConfig([{ ...frame, length: 3, fields: frame.fields.map((field) => ({ ...field, values })) }], fieldConfigOf({ type: 'timeseries', fieldConfig: { defaults: { unit: 'percentunit' }, overrides: [] } }), theme, 'utc', String);
    expect(shown && summary([shown])).toBe('Latest values: a: 95%.');
    const many = Array.from({ length: 22 }, () => shown as DataFrame);
    expect(summary(many)).toMatch(/; and 2 more\.$/);
  });

  it('are overridden by name, in standard and in custom properties', () => {
    const field = applied({
      defaults: { unit: 's', custom: { lineWidth: 1 } },
      overrides: [{ matcher: { id: 'byName', options: 'Value' }, properties: [{ id: 'unit', value: 'bytes' }, { id: 'custom.lineWidth', value: 3 }, { id: 'displayName', value: 'Size' }] }],
    });
    expect(field?.config).toMatchObject({ unit: 'bytes', displayName: 'Size', custom: { lineWidth: 3 } });
  });

  it('let an axis end no earlier than the dashboard says', () => {
    expect(applied({ defaults: { custom: { axisSoftMin: 0, axisSoftMax: 0.012 } }, overrides: [] }, 'timeseries')?.config.custom).toEqual({ axisSoftMin: 0, axisSoftMax: 0.012 });
  });

  it('take their colour from the series or from thresholds, as the kind of panel has it', () => {
    expect(applied(undefined, 'timeseries')?.config.color?.mode).toBe('palette-classic');
    expect(applied(undefined, 'gauge')?.config.color?.mode).toBe('thresholds');
  });

  it('turn links to Explore into pages of the viewer', () => {
    const link = { title: 'Trace', url: '', internal: { datasourceUid: 'jaeger', datasourceName: 'Jaeger', query: { query: '${__field.labels.job}', refId: 'A' } } };
    const field = applied({ defaults: { links: [link] }, overrides: [] });
    expect(field?.getLinks?.({ valueRowIndex: 0 })).toMatchObject([{ href: '/trace/a', title: 'Trace' }]);
  });
});

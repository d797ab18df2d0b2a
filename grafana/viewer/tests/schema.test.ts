/** The generated dashboards against the types that Grafana publishes for this release: names, values, and nothing unknown. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const GENERATED = path.join(import.meta.dirname, '..', '..', 'generated');
/** Inside, so that the compiler finds Grafana's packages. */
const MODULES = path.join(import.meta.dirname, '..', 'node_modules');
const OPTIONS: Record<string, string> = {
  bargauge: 'bargauge/panelcfg/x/BarGaugePanelCfg_types.gen',
  gauge: 'gauge/panelcfg/x/GaugePanelCfg_types.gen',
  heatmap: 'heatmap/panelcfg/x/HeatmapPanelCfg_types.gen',
  logs: 'logs/panelcfg/x/LogsPanelCfg_types.gen',
  piechart: 'piechart/panelcfg/x/PieChartPanelCfg_types.gen',
  stat: 'stat/panelcfg/x/StatPanelCfg_types.gen',
  'state-timeline': 'statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen',
  table: 'table/panelcfg/x/TablePanelCfg_types.gen',
  text: 'text/panelcfg/x/TextPanelCfg_types.gen',
  timeseries: 'timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen',
};

interface Panel {
  type: string;
  title?: string;
  options?: Record<string, unknown>;
  fieldConfig?: { defaults: { custom?: Record<string, unknown> } };
  panels?: Panel[];
}

interface Dashboard {
  uid: string;
  panels: Panel[];
}

/** JSON writes an enumeration's value as text. */
const LOOSE = `
type Loose<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Loose<U>[] : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;
`;

function dashboards(): Dashboard[] {
  return readdirSync(GENERATED).map((name) => JSON.parse(readFileSync(path.join(GENERATED, name), 'utf8')) as Dashboard);
}

function allPanels(panels: Panel[]): Panel[] {
  return panels.flatMap((panel) => [panel, ...allPanels(panel.panels ?? [])]);
}

/** What the compiler says of each source text: lines such as `2.ts(3,5): error TS2322: …`, the number being its place. */
function problems(...sources: string[]): string[] {
  const folder = mkdtempSync(path.join(MODULES, '.schema-'));
  try {
    const files = sources.map((source, index) => {
      writeFileSync(path.join(folder, `${index}.ts`), source);
      return `${index}.ts`;
    });
    const options = ['--strict', '--ignoreConfig', '--noEmit', '--skipLibCheck', '--types', '', '--module', 'esnext', '--moduleResolution', 'bundler'];
    const done = spawnSync(path.join(MODULES, '.bin', 'tsc'), [...options, '--target', 'es2022', ...files], {
      cwd: folder,
      encoding: 'utf8',
    });
    return done.stdout.split('\n').filter((line) => line !== '' && !line.startsWith(' '));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function dashboardSource(dashboard: unknown): string {
  return `import type { Dashboard } from '@grafana/schema';${LOOSE}
    export const checked: Loose<Dashboard> = ${JSON.stringify(dashboard)};`;
}

/** A panel's own options and custom field settings, which the type of a dashboard leaves open. */
function panelSource(panel: Panel): string {
  const custom = panel.fieldConfig?.defaults.custom;
  const module = `@grafana/schema/dist/esm/raw/composable/${OPTIONS[panel.type]}`;
  const knowsFields = ['bargauge', 'gauge', 'logs', 'stat', 'text'].includes(panel.type) === false;
  return `import type * as panel from '${module}';${LOOSE}
    export const options: Loose<Partial<panel.Options>> = ${JSON.stringify(panel.options ?? {})};
    ${custom && knowsFields ? `export const custom: Loose<Partial<panel.FieldConfig>> = ${JSON.stringify(custom)};` : ''}`;
}

describe('generated dashboards', () => {
  it.each(dashboards().map((dashboard) => [dashboard.uid, dashboard] as const))(
    '%s has nothing that Grafana does not know',
    (_, dashboard) => {
      expect(problems(dashboardSource(dashboard))).toEqual([]);
    },
    60_000,
  );

  it('have only panels whose options can be checked', () => {
    const types = dashboards().flatMap(({ panels }) => allPanels(panels).map((panel) => panel.type));
    expect(types.filter((type) => type !== 'row' && !(type in OPTIONS))).toEqual([]);
  });

  it('give each kind of panel only options that it has', () => {
    const seen = new Map<string, Panel>();
    for (const { panels } of dashboards()) {
      for (const panel of allPanels(panels).filter(({ type }) => type !== 'row')) {
        seen.set(JSON.stringify([panel.type, panel.options, panel.fieldConfig?.defaults.custom]), panel);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
    expect(problems(...[...seen.values()].map(panelSource))).toEqual([]);
  }, 60_000);

  it('would be refused with a name or a value that does not exist', () => {
    const [dashboard] = dashboards();
    expect(problems(dashboardSource({ ...dashboard, refesh: '5s' }))).toHaveLength(1);
    expect(problems(dashboardSource({ ...dashboard, graphTooltip: 'both' }))).not.toEqual([]);
    expect(problems(panelSource({ type: 'stat', options: { graphMode: 'aera' } }))).not.toEqual([]);
  }, 60_000);
});

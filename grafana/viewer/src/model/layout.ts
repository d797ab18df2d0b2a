/** From a dashboard's flat list of panels to sections of placed ones: rows, repeats, and narrow screens. */
import type { ScopedVars } from '@grafana/data';

import type { Panel } from './dashboard';
import { asList, type Resolved } from './interpolate';

export const COLUMNS = 24;

export interface PlacedPanel {
  /** Differs between the copies of a repeated panel. */
  key: string;
  panel: Panel;
  scoped: ScopedVars;
}

export interface Section {
  key: string;
  /** The row this section stands under; the panels before the first row have none. */
  row?: Panel;
  scoped: ScopedVars;
  panels: PlacedPanel[];
}

type Values = (variable: string) => { resolved: Resolved; texts: string[] } | undefined;

export function buildSections(panels: Panel[], values: Values): Section[] {
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const plain: Array<{ row?: Panel; panels: Panel[] }> = [{ panels: [] }];
  for (const panel of sorted) {
    if (panel.type === 'row') {
      plain.push({ row: panel, panels: [...(panel.panels ?? [])] });
    } else {
      plain[plain.length - 1]?.panels.push(panel);
    }
  }
  return plain
    .filter((section) => section.row || section.panels.length > 0)
    .flatMap(({ row, panels: inside }, index) => {
      const copies = row?.repeat ? scopes(row.repeat, values) : [{}];
      return copies.map((scoped, copy) => ({
        key: `${row?.id ?? `top${index}`}-${copy}`,
        row,
        scoped,
        panels: repeatPanels(inside, scoped, values),
      }));
    });
}

function scopes(variable: string, values: Values): ScopedVars[] {
  const found = values(variable);
  if (!found) {
    return [{}];
  }
  return asList(found.resolved.value).map((value, index) => ({ [variable]: { value, text: found.texts[index] ?? value } }));
}

/** Copies stand beside each other in equal parts of the width, or below each other; what follows moves down. */
function repeatPanels(panels: Panel[], outer: ScopedVars, values: Values): PlacedPanel[] {
  const placed: PlacedPanel[] = [];
  let shift = 0;
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    const { gridPos } = panel;
    if (!panel.repeat || outer[panel.repeat]) {
      placed.push({ key: String(panel.id), panel: moved(panel, { ...gridPos, y: gridPos.y + shift }), scoped: outer });
      continue;
    }
    const copies = scopes(panel.repeat, values);
    const perRow = panel.repeatDirection === 'v' ? 1 : Math.min(copies.length, panel.maxPerRow ?? 4) || 1;
    const width = panel.repeatDirection === 'v' ? gridPos.w : Math.max(Math.floor(COLUMNS / perRow), 1);
    copies.forEach((scoped, index) => {
      const position = {
        x: panel.repeatDirection === 'v' ? gridPos.x : (index % perRow) * width,
        y: gridPos.y + shift + Math.floor(index / perRow) * gridPos.h,
        w: width,
        h: gridPos.h,
      };
      placed.push({ key: `${panel.id}-${index}`, panel: moved(panel, position), scoped: { ...outer, ...scoped } });
    });
    shift += (Math.ceil(copies.length / perRow) - 1) * gridPos.h;
  }
  return placed;
}

const moved = (panel: Panel, gridPos: Panel['gridPos']): Panel => ({ ...panel, gridPos });

type Arranged = PlacedPanel & { x: number; y: number; w: number; h: number };

/** Pixels below which a panel can't be read. */
const LEAST_WIDTH: Record<string, number> = { stat: 170, gauge: 170, text: 200 };
const LEAST_WIDTH_ELSE = 300;

/** How the panels of a section stand at a given width, in cells; y counts from the section's top. */
export function arrange(panels: PlacedPanel[], width: number): Arranged[] {
  let y = 0;
  return bands(panels).flatMap((band) => {
    const placed = fits(band, width) ? asWritten(band) : flow(band, width);
    const here = y;
    y += Math.max(...placed.map((one) => one.y + one.h));
    return placed.map((one) => ({ ...one, y: one.y + here }));
  });
}

/** Panels that stand beside each other, at least in part: no horizontal line passes between them. */
function bands(panels: PlacedPanel[]): PlacedPanel[][] {
  const result: PlacedPanel[][] = [];
  let end = -1;
  for (const placed of inOrder(panels)) {
    const { y, h } = placed.panel.gridPos;
    if (y >= end || result.length === 0) {
      result.push([]);
    }
    result[result.length - 1]?.push(placed);
    end = Math.max(end, y + h);
  }
  return result;
}

const inOrder = (panels: PlacedPanel[]): PlacedPanel[] => [...panels].sort((a, b) => a.panel.gridPos.y - b.panel.gridPos.y || a.panel.gridPos.x - b.panel.gridPos.x);

function fits(band: PlacedPanel[], width: number): boolean {
  return width >= 1000 || band.every(({ panel }) => (panel.gridPos.w / COLUMNS) * width >= (LEAST_WIDTH[panel.type] ?? LEAST_WIDTH_ELSE));
}

function asWritten(band: PlacedPanel[]): Arranged[] {
  const top = Math.min(...band.map(({ panel }) => panel.gridPos.y));
  return band.map((placed) => {
    const { x, y, w, h } = placed.panel.gridPos;
    const left = Math.min(x, COLUMNS - 1);
    return { ...placed, x: left, y: y - top, w: Math.min(w, COLUMNS - left), h };
  });
}

/** Panels take a third, half or all of the width, line after line, and lines are filled up. */
function flow(band: PlacedPanel[], width: number): Arranged[] {
  const lines: PlacedPanel[][] = [];
  let room = 0;
  for (const placed of inOrder(band)) {
    const wanted = flowWidth(placed.panel.gridPos, width);
    if (wanted > room) {
      lines.push([]);
      room = COLUMNS;
    }
    lines[lines.length - 1]?.push(placed);
    room -= wanted;
  }
  let y = 0;
  return lines.flatMap((line) => {
    const h = Math.max(...line.map(({ panel }) => panel.gridPos.h));
    const share = Math.floor(COLUMNS / line.length);
    const here = y;
    y += h;
    return line.map((placed, index) => ({
      ...placed,
      x: index * share,
      y: here,
      w: index === line.length - 1 ? COLUMNS - index * share : share,
      h,
    }));
  });
}

function flowWidth({ w, h }: Panel['gridPos'], width: number): number {
  if (width < 560) {
    return w <= 6 && h <= 5 ? 12 : COLUMNS;
  }
  return w <= 4 ? 8 : w < 9 ? 12 : COLUMNS;
}

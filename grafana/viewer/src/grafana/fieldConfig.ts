/** Grafana's own field overrides need to know which properties exist; inside Grafana each panel plugin registers them. */
import {
  applyFieldOverrides,
  type DataFrame,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  type Field,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  FieldColorModeId,
  type FieldConfigSource,
  FieldType,
  type GrafanaTheme2,
  identityOverrideProcessor,
  type InterpolateFunction,
  numberOverrideProcessor,
  ThresholdsMode,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

import type { Panel } from '../model/dashboard';

import { dataLinkPostProcessor } from './dataLinks';

type Process = FieldConfigPropertyItem['process'];

const isNumber = (field: Field) => field.type === FieldType.number;
const always = () => true;

const STANDARD: Array<[path: string, process: Process, shouldApply: (field: Field) => boolean]> = [
  ['unit', unitOverrideProcessor as Process, always],
  ['min', numberOverrideProcessor as Process, isNumber],
  ['max', numberOverrideProcessor as Process, isNumber],
  ['fieldMinMax', identityOverrideProcessor, isNumber],
  ['decimals', numberOverrideProcessor as Process, isNumber],
  ['displayName', displayNameOverrideProcessor as Process, always],
  ['description', identityOverrideProcessor, always],
  ['noValue', identityOverrideProcessor, always],
  ['color', identityOverrideProcessor, always],
  ['thresholds', thresholdsOverrideProcessor as Process, isNumber],
  ['mappings', valueMappingsOverrideProcessor as Process, always],
  ['links', dataLinksOverrideProcessor as Process, always],
  ['actions', identityOverrideProcessor, always],
  ['filterable', identityOverrideProcessor, always],
];

function item(id: string, path: string, isCustom: boolean, process: Process, shouldApply: (field: Field) => boolean): FieldConfigPropertyItem {
  const none = () => null;
  return { id, path, name: id, isCustom, process, shouldApply, override: none, editor: none };
}

/** Every standard property, and whatever custom ones this panel uses. */
function registryFor(source: FieldConfigSource): FieldConfigOptionsRegistry {
  const custom = new Set(Object.keys((source.defaults.custom as object | undefined) ?? {}));
  for (const rule of source.overrides) {
    for (const { id } of rule.properties) {
      if (id.startsWith('custom.')) {
        custom.add(id.slice('custom.'.length));
      }
    }
  }
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map(([path, process, shouldApply]) => item(path, path, false, process, shouldApply)),
    ...[...custom].map((path) => item(`custom.${path}`, path, true, identityOverrideProcessor, always)),
  ]);
}

/** Kinds of panel whose series each have a colour of their own, when the dashboard does not say how they get one. */
const BY_SERIES = new Set(['timeseries', 'piechart', 'barchart', 'histogram', 'heatmap', 'trend', 'xychart']);
const THRESHOLDS = { mode: ThresholdsMode.Absolute, steps: [{ color: 'green', value: -Infinity }, { color: 'red', value: 80 }] };

/** A panel's field options with what Grafana takes for granted in that kind of panel. */
export function fieldConfigOf({ type, fieldConfig }: Pick<Panel, 'type' | 'fieldConfig'>): FieldConfigSource {
  const mode = BY_SERIES.has(type) ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds;
  return {
    defaults: { color: { mode }, thresholds: THRESHOLDS, ...fieldConfig?.defaults },
    overrides: fieldConfig?.overrides ?? [],
  };
}

export function applyFieldConfig(
  data: DataFrame[],
  source: FieldConfigSource,
  theme: GrafanaTheme2,
  timeZone: string,
  replaceVariables: InterpolateFunction
): DataFrame[] {
  return applyFieldOverrides({
    data,
    fieldConfig: source,
    fieldConfigRegistry: registryFor(source),
    theme,
    timeZone,
    replaceVariables,
    dataLinkPostProcessor,
  });
}

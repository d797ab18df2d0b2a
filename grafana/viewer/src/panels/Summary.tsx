import { type DataFrame, type Field, FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';

const DRAWN: Record<string, string> = { timeseries: 'Graph', heatmap: 'Heatmap', piechart: 'Pie chart', 'state-timeline': 'Timeline', 'status-history': 'Timeline' };
const AT_MOST = 20;

/** What a picture shows, for those who do not see it: each series with its latest value. */
export function Summary({ type, series }: { type: string; series: DataFrame[] }) {
  const drawn = DRAWN[type];
  return drawn ? <p className="sr-only">{`${drawn}. ${summary(series)}`}</p> : null;
}

export function summary(series: DataFrame[]): string {
  const all = series.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number).map((field) => `${getFieldDisplayName(field, frame, series)}: ${latest(field)}`));
  const rest = all.length > AT_MOST ? [`and ${all.length - AT_MOST} more`] : [];
  return `Latest values: ${[...all.slice(0, AT_MOST), ...rest].join('; ')}.`;
}

function latest(field: Field): string {
  const value: unknown = field.values.findLast((one: unknown) => one !== null && one !== undefined);
  return value === undefined ? 'none' : field.display ? formattedValueToString(field.display(value)) : String(value);
}

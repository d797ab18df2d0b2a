import { type DataFrame, FieldType } from '@grafana/data';

/** No row, or nothing but holes in every column that is not the time. */
export function isEmpty(series: DataFrame[]): boolean {
  return !series.some((frame) =>
    frame.fields.some((field) => field.type !== FieldType.time && field.values.some((value: unknown) => value !== null && value !== undefined && !Number.isNaN(value)))
  );
}

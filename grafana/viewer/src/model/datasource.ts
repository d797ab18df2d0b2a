import type { DataSource, DataSourceRef } from './dashboard';

export type Reference = DataSourceRef | string | null | undefined;

const NOT_OURS: Record<string, string> = {
  '-- Grafana --': 'Grafana itself',
  grafana: 'Grafana itself',
  '-- Dashboard --': 'another panel of the dashboard',
};

export class UnsupportedError extends Error {}

/** The data source a panel or a target names: by uid, by name, through a variable, or by its type alone. */
export function resolveDataSource(reference: Reference, sources: DataSource[], replace: (text: string) => string): DataSource {
  const asked = typeof reference === 'string' ? { uid: reference } : (reference ?? {});
  const uid = replace(asked.uid ?? '');
  const foreign = NOT_OURS[uid];
  if (foreign) {
    throw new UnsupportedError(`The viewer cannot ask ${foreign} for data.`);
  }
  const found = sources.find((source) => source.uid === uid) ?? sources.find((source) => source.name.toLowerCase() === uid.toLowerCase());
  if (found) {
    return found;
  }
  // A dashboard from elsewhere: its uid means nothing here, its type does.
  const sameType = asked.type ? sources.find((source) => source.type === asked.type) : undefined;
  if (sameType) {
    return sameType;
  }
  if (!asked.type && (!uid || uid === 'default' || uid.startsWith('$'))) {
    const standard = sources.find((source) => source.type === 'prometheus');
    if (standard) {
      return standard;
    }
  }
  const known = sources.map((source) => source.uid).join(', ');
  throw new UnsupportedError(`There is no data source ${JSON.stringify(uid || asked.type)}. There are: ${known}.`);
}

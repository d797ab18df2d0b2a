/** Grafana's transformations, run over a panel's frames. */
import {
  type DataFrame,
  type DataTransformerConfig,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

export function registerTransformers(): void {
  // The list holds one of them twice, under its old name too.
  const byId = new Map(Object.values(standardTransformers).map((transformation) => [transformation.id, transformation]));
  standardTransformersRegistry.setInit(() =>
    [...byId.values()].map((transformation) => ({
      id: transformation.id,
      name: transformation.name,
      transformation: () => Promise.resolve(transformation),
      editor: () => null,
      imageDark: '',
      imageLight: '',
    }))
  );
}

/** Transformations that live in Grafana's core and not in its library: a panel that uses one would show wrong data. */
export function unknownTransformations(transformations: DataTransformerConfig[] | undefined): string[] {
  return (transformations ?? []).filter(({ id, disabled }) => !disabled && !standardTransformersRegistry.getIfExists(id)).map(({ id }) => id);
}

export async function transform(frames: DataFrame[], transformations: DataTransformerConfig[] | undefined, interpolate: (text: string) => string): Promise<DataFrame[]> {
  const active = (transformations ?? []).filter(({ disabled, topic }) => !disabled && (topic === undefined || topic === 'series'));
  if (active.length === 0) {
    return frames;
  }
  return lastValueFrom(transformDataFrame(active, frames, { interpolate }));
}

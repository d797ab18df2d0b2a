import { useScope } from '../app/scope';
import { Notice } from '../components/Notice';
import { Waterfall } from '../components/Waterfall';
import type { Trace } from '../data/jaeger';

import type { VizProps } from './types';

export default function TracePanel({ data, height }: VizProps) {
  const { timeZone } = useScope();
  const trace = data.series.map((frame) => frame.meta?.custom?.['trace'] as Trace | undefined).find(Boolean);
  if (!trace) {
    return <Notice title="No trace">This panel needs a query for one trace.</Notice>;
  }
  return (
    <div style={{ height, overflow: 'auto' }}>
      <Waterfall trace={trace} timeZone={timeZone} />
    </div>
  );
}

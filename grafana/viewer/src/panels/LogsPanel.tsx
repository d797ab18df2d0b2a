import { useMemo } from 'react';

import { useScope } from '../app/scope';
import { LogLines } from '../components/LogLines';
import { Notice } from '../components/Notice';
import { rowsOf } from '../data/loki';

import { optionsOf, type VizProps } from './types';

interface Options {
  showTime: boolean;
  showLabels: boolean;
  wrapLogMessage: boolean;
  enableLogDetails: boolean;
  prettifyLogMessage: boolean;
  sortOrder: 'Descending' | 'Ascending';
}

const DEFAULTS: Options = { showTime: true, showLabels: false, wrapLogMessage: true, enableLogDetails: true, prettifyLogMessage: false, sortOrder: 'Descending' };

export default function LogsPanel({ panel, data, height }: VizProps) {
  const { timeZone } = useScope();
  const options = optionsOf(panel, DEFAULTS);
  const rows = useMemo(() => {
    const found = rowsOf(data.series);
    return options.sortOrder === 'Ascending' ? [...found].reverse() : found;
  }, [data.series, options.sortOrder]);
  if (rows.length === 0) {
    return <Notice title="No log lines in this time" />;
  }
  return (
    <LogLines
      rows={rows}
      height={height}
      timeZone={timeZone}
      showTime={options.showTime}
      showLabels={options.showLabels}
      wrap={options.wrapLogMessage}
      pretty={options.prettifyLogMessage}
      expandable={options.enableLogDetails}
      source={data.queries[0]?.source.uid}
    />
  );
}

import { FieldType, getFrameDisplayName, type SelectableValue } from '@grafana/data';
import { TableCellHeight, type TableSortByFieldState } from '@grafana/schema';
import { Select } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useMemo, useState } from 'react';

import { useStructureRev } from './TimeSeriesPanel';
import { optionsOf, type VizProps } from './types';

interface Options {
  showHeader: boolean;
  cellHeight: TableCellHeight;
  sortBy: TableSortByFieldState[];
  showTypeIcons: boolean;
  enablePagination: boolean;
  frameIndex: number;
  frozenColumns?: { left?: number };
  footer?: { enablePagination?: boolean };
}

const DEFAULTS: Options = {
  showHeader: true,
  cellHeight: TableCellHeight.Sm,
  sortBy: [],
  showTypeIcons: false,
  enablePagination: false,
  frameIndex: 0,
};

const PICKER_HEIGHT = 40;

export default function TablePanel({ panel, data, width, height }: VizProps) {
  const options = optionsOf(panel, DEFAULTS);
  const [chosen, setChosen] = useState(options.frameIndex);
  // Old table panels hide a column with custom.hidden; the table of Grafana 13 reads hideFrom.
  const frames = useMemo(() => data.series.map((frame) => ({ ...frame, fields: frame.fields.filter((field) => field.type !== FieldType.frame || field.values.length > 0) })), [data.series]);
  const structureRev = useStructureRev(frames);
  const frame = frames[Math.min(chosen, frames.length - 1)];
  if (!frame) {
    return null;
  }
  const several = frames.length > 1;
  const choices = frames.map((one, index) => ({ label: getFrameDisplayName(one), value: index }));
  return (
    <div>
      <TableNG
        ariaLabel={panel.title}
        data={frame}
        width={width}
        height={height - (several ? PICKER_HEIGHT : 0)}
        noHeader={!options.showHeader}
        showTypeIcons={options.showTypeIcons}
        resizable
        contentAwareWidthsEnabled
        sortBy={options.sortBy}
        sortByBehavior="initial"
        enablePagination={options.enablePagination || options.footer?.enablePagination}
        cellHeight={options.cellHeight}
        timeRange={data.range}
        structureRev={structureRev}
        fieldConfig={panel.fieldConfig}
        frozenColumns={options.frozenColumns?.left}
        noValue={panel.fieldConfig?.defaults.noValue}
        transparent={panel.transparent}
      />
      {several && (
        <Select aria-label="Series" options={choices} value={choices[Math.min(chosen, frames.length - 1)]} onChange={(option: SelectableValue<number>) => setChosen(option.value ?? 0)} />
      )}
    </div>
  );
}

import { type DataFrame, FieldType, formattedValueToString, type LinkModel } from '@grafana/data';
import { type SortOrder, TooltipDisplayMode } from '@grafana/schema';
import { getFieldDisplayItems, VizTooltipContent, VizTooltipFooter, VizTooltipHeader, VizTooltipWrapper } from '@grafana/ui';

interface Props {
  /** All series on one time axis, as they are drawn. */
  frame: DataFrame;
  rows: Array<number | null>;
  seriesIndex: number | null;
  mode: TooltipDisplayMode;
  sort: SortOrder;
  hideZeros?: boolean;
  maxHeight?: number;
  isPinned: boolean;
  links: LinkModel[];
}

export function SeriesTooltip({ frame, rows, seriesIndex, mode, sort, hideZeros, maxHeight, isPinned, links }: Props) {
  const time = frame.fields[0];
  const row = rows[0] ?? rows.find((index) => index !== null && index !== undefined);
  if (!time || row === null || row === undefined) {
    return null;
  }
  const items = getFieldDisplayItems(frame.fields, time, rows, seriesIndex, mode, sort, (field) => field.type === FieldType.number, hideZeros);
  const when = time.display?.(time.values[row]);
  return (
    <VizTooltipWrapper>
      <VizTooltipHeader item={{ label: '', value: when ? formattedValueToString(when) : String(time.values[row]) }} isPinned={isPinned} />
      <VizTooltipContent items={items} isPinned={isPinned} scrollable={mode === TooltipDisplayMode.Multi} maxHeight={maxHeight} />
      {isPinned && links.length > 0 && <VizTooltipFooter dataLinks={links} />}
    </VizTooltipWrapper>
  );
}

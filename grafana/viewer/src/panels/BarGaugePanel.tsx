import { type DisplayValueAlignmentFactors, type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import { BarGaugeDisplayMode, BarGaugeNamePlacement, BarGaugeSizing, BarGaugeValueMode, type VizTextDisplayOptions } from '@grafana/schema';
import { BarGauge, useTheme2, VizRepeater } from '@grafana/ui';

import { REDUCE_LAST, type ReduceOptions, useFieldDisplays } from './fieldDisplays';
import { Linked } from './Linked';
import { optionsOf, type VizProps } from './types';

interface Options {
  reduceOptions: ReduceOptions;
  orientation: VizOrientation;
  displayMode: BarGaugeDisplayMode;
  valueMode: BarGaugeValueMode;
  namePlacement: BarGaugeNamePlacement;
  showUnfilled: boolean;
  sizing: BarGaugeSizing;
  minVizWidth: number;
  minVizHeight: number;
  maxVizHeight: number;
  text?: VizTextDisplayOptions;
}

const DEFAULTS: Options = {
  reduceOptions: REDUCE_LAST,
  orientation: VizOrientation.Auto,
  displayMode: BarGaugeDisplayMode.Gradient,
  valueMode: BarGaugeValueMode.Color,
  namePlacement: BarGaugeNamePlacement.Auto,
  showUnfilled: true,
  sizing: BarGaugeSizing.Auto,
  minVizWidth: 8,
  minVizHeight: 16,
  maxVizHeight: 300,
};

export function BarGaugePanel({ panel, data, width, height, scoped }: VizProps) {
  const theme = useTheme2();
  const options = optionsOf(panel, DEFAULTS);
  const displays = useFieldDisplays(panel, data, scoped, { reduceOptions: options.reduceOptions });
  const isManual = options.sizing === BarGaugeSizing.Manual;
  return (
    <VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>
      source={data.series}
      getValues={() => displays}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0}
      width={width}
      height={height}
      minVizWidth={isManual ? options.minVizWidth : DEFAULTS.minVizWidth}
      minVizHeight={isManual ? options.minVizHeight : DEFAULTS.minVizHeight}
      maxVizHeight={isManual ? options.maxVizHeight : 300}
      itemSpacing={options.displayMode === BarGaugeDisplayMode.Lcd ? 2 : 10}
      orientation={options.orientation}
      renderValue={({ value, width: w, height: h, orientation, alignmentFactors, count }) => (
        <Linked display={value}>
          {(onClick, className) => (
            <BarGauge
              value={value.display}
              width={w}
              height={h}
              orientation={orientation}
              field={value.field}
              display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
              text={options.text}
              theme={theme}
              itemSpacing={options.displayMode === BarGaugeDisplayMode.Lcd ? 2 : 10}
              displayMode={options.displayMode}
              onClick={onClick}
              className={className}
              alignmentFactors={count > 1 ? alignmentFactors : undefined}
              showUnfilled={options.showUnfilled}
              valueDisplayMode={options.valueMode}
              namePlacement={options.namePlacement}
            />
          )}
        </Linked>
      )}
    />
  );
}

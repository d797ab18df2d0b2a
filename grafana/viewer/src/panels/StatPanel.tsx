import { type DisplayValueAlignmentFactors, type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from '@grafana/data';
import { BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, BigValue, useTheme2, VizRepeater } from '@grafana/ui';
import type { PercentChangeColorMode, VizTextDisplayOptions } from '@grafana/schema';

import { type ReduceOptions, REDUCE_LAST, useFieldDisplays } from './fieldDisplays';
import { Linked } from './Linked';
import { optionsOf, type VizProps } from './types';

interface Options {
  reduceOptions: ReduceOptions;
  orientation: VizOrientation;
  colorMode: BigValueColorMode;
  graphMode: BigValueGraphMode;
  justifyMode: BigValueJustifyMode;
  textMode: BigValueTextMode;
  text?: VizTextDisplayOptions;
  wideLayout: boolean;
  showPercentChange: boolean;
  percentChangeColorMode?: PercentChangeColorMode;
}

const DEFAULTS: Options = {
  reduceOptions: REDUCE_LAST,
  orientation: VizOrientation.Auto,
  colorMode: BigValueColorMode.Value,
  graphMode: BigValueGraphMode.Area,
  justifyMode: BigValueJustifyMode.Auto,
  textMode: BigValueTextMode.Auto,
  wideLayout: true,
  showPercentChange: false,
};

export function StatPanel({ panel, data, width, height, scoped }: VizProps) {
  const theme = useTheme2();
  const options = optionsOf(panel, DEFAULTS);
  const displays = useFieldDisplays(panel, data, scoped, {
    reduceOptions: options.reduceOptions,
    sparkline: options.graphMode !== BigValueGraphMode.None,
    percentChange: options.showPercentChange,
  });
  return (
    <VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>
      source={data.series}
      getValues={() => displays}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0}
      width={width}
      height={height}
      itemSpacing={3}
      autoGrid
      orientation={options.orientation}
      renderValue={({ value, width: w, height: h, alignmentFactors, count }) => (
        <Linked display={value}>
          {(onClick, className) => (
            <BigValue
              value={value.display}
              count={count}
              sparkline={value.sparkline && { ...value.sparkline, timeRange: data.range }}
              colorMode={options.colorMode}
              graphMode={options.graphMode}
              justifyMode={options.justifyMode}
              textMode={count === 1 && options.textMode === BigValueTextMode.Auto ? BigValueTextMode.Value : options.textMode}
              alignmentFactors={alignmentFactors}
              text={options.text}
              width={w}
              height={h}
              theme={theme}
              onClick={onClick}
              className={className}
              disableWideLayout={!options.wideLayout}
              percentChangeColorMode={options.percentChangeColorMode}
              hasLinks={value.hasLinks}
            />
          )}
        </Linked>
      )}
    />
  );
}

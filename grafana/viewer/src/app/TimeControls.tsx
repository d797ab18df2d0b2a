import { RefreshPicker, TimeRangePicker } from '@grafana/ui';

import { useActions } from './actions';
import type { Clock } from './useTime';

interface Props {
  clock: Clock;
  timeZone: string;
  onTimeZone: (zone: string) => void;
  loading?: boolean;
  intervals?: string[];
}

export function TimeControls({ clock, timeZone, onTimeZone, loading, intervals }: Props) {
  useActions({ refresh: clock.refreshNow, 'zoom-out': clock.zoomOut, back: () => clock.move(-1), forward: () => clock.move(1) });
  return (
    <>
      <TimeRangePicker
        value={clock.range}
        timeZone={timeZone}
        onChange={(range) => clock.setRange(range.raw)}
        onChangeTimeZone={onTimeZone}
        onMoveBackward={() => clock.move(-1)}
        onMoveForward={() => clock.move(1)}
        onZoom={clock.zoomOut}
        isOnCanvas
      />
      <RefreshPicker
        value={clock.refresh}
        intervals={intervals}
        onIntervalChanged={clock.setRefresh}
        onRefresh={clock.refreshNow}
        tooltip="Refresh"
        isLoading={loading}
        noIntervalPicker={false}
        isOnCanvas
      />
    </>
  );
}

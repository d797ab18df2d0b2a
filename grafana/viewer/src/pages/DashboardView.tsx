import { css } from '@emotion/css';
import { EventBusSrv, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { DashboardLinks } from '../app/DashboardLinks';
import { useCrumb } from '../app/crumb';
import { useTitle } from '../app/Page';
import { updateQuery, useLocation } from '../app/router';
import { createReplace, type Scope, ScopeContext } from '../app/scope';
import { useSettings } from '../app/settings';
import { TimeControls } from '../app/TimeControls';
import { useClock } from '../app/useTime';
import { useVariables } from '../app/useVariables';
import { VariableControls } from '../app/VariableControls';
import type { Dashboard } from '../model/dashboard';
import { asList } from '../model/interpolate';
import { buildSections, type PlacedPanel } from '../model/layout';
import { resolve } from '../model/variables';
import { PanelFrame } from '../panels/PanelFrame';

import { Sections } from './Sections';

interface Props {
  dashboard: Dashboard;
  /** The dashboard stands inside a page of ours: no navigation, no title. */
  embedded?: boolean;
}

export function DashboardView({ dashboard, embedded }: Props) {
  const styles = useStyles2(getStyles);
  const settings = useSettings();
  const { query, search } = useLocation();
  const [timeZone, setTimeZone] = useState(dashboard.timezone === 'utc' ? 'utc' : dashboard.timezone || 'browser');
  const { loading, reportLoading, isBusy } = useLoading();
  const clock = useClock({
    isBusy,
    from: dashboard.time?.from ?? 'now-1h',
    to: dashboard.time?.to ?? 'now',
    refresh: typeof dashboard.refresh === 'string' ? dashboard.refresh : '',
  });
  const { range, rawFrom, rawTo } = clock;
  const variables = useVariables(dashboard, settings, search, rawFrom, rawTo, timeZone);
  const [eventBus] = useState(() => new EventBusSrv());
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- panels ask anew when a variable changes
  const run = useMemo(() => ({ range }), [range, variables]);

  // Texts are put in with the range of the latest refresh: a link that is built while the page stands open stays right.
  const replace = useMemo(
    () => createReplace({ dashboard, variables: variables ?? [], range, rawFrom, rawTo, timeZone }),
    [dashboard, variables, range, rawFrom, rawTo, timeZone]
  );
  const scope = useMemo<Scope | undefined>(
    () => (variables ? { settings, dashboard, variables, clock, timeZone, eventBus, run, replace, reportLoading } : undefined),
    // eslint-disable-next-line -- the clock's functions read the address, its numbers are in run
    [settings, dashboard, variables, run, timeZone, eventBus, replace, reportLoading]
  );
  const sections = useMemo(
    () =>
      buildSections(dashboard.panels, (name) => {
        const state = variables?.find((one) => one.model.name === name);
        if (!state) return undefined;
        const resolved = resolve(state);
        // A repeat over "All" needs the options even where queries get a pattern instead.
        const values = resolved.literal ? state.options.map((option) => option.value) : asList(resolved.value);
        const texts = values.map((value) => state.options.find((option) => option.value === value)?.text ?? value);
        return { resolved: { ...resolved, value: values }, texts };
      }),
    [dashboard, variables]
  );
  useTitle(dashboard.title);
  useCrumb(embedded ? '' : dashboard.title);
  const alone = query.get('viewPanel');
  const full = alone === null ? undefined : findPanel(sections.flatMap((section) => section.panels), alone);
  useEscape(full !== undefined);
  const order = (dashboard.templating?.list ?? []).map((model) => model.name);

  return (
    <>
      <section className={styles.controls} aria-label="Variables, links and time" data-testid="dashboard-controls">
        <div className={styles.variables}>{variables && <VariableControls variables={variables} order={order} />}</div>
        <div className={styles.links}>
          <DashboardLinks links={dashboard.links ?? []} replace={replace} clock={clock} variables={variables ?? []} />
        </div>
        <div className={styles.time}>
          <TimeControls clock={clock} timeZone={timeZone} onTimeZone={setTimeZone} loading={loading} intervals={dashboard.timepicker?.refresh_intervals} />
        </div>
      </section>
      <main className={styles.main} aria-label={dashboard.title} data-testid="dashboard" data-dashboard-uid={dashboard.uid}>
        {!embedded && <h1 className="sr-only">{dashboard.title}</h1>}
        {scope && (
          <ScopeContext.Provider value={scope}>
            {full ? (
              <div className={styles.alone}>
                <PanelFrame key={full.key} panel={full.panel} panelKey={full.key} scoped={full.scoped} alone />
              </div>
            ) : (
              <Sections sections={sections} replace={replace} />
            )}
          </ScopeContext.Provider>
        )}
      </main>
    </>
  );
}

function findPanel(panels: PlacedPanel[], key: string): PlacedPanel | undefined {
  // Grafana writes "panel-4" since version 11, and "4" before.
  const wanted = key.replace(/^panel-/, '');
  return panels.find((placed) => placed.key === wanted) ?? panels.find((placed) => String(placed.panel.id) === wanted);
}

/** Escape leaves the full view of a panel, unless something on top of it wants the key. */
function useEscape(active: boolean): void {
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]')) {
        updateQuery({ viewPanel: undefined });
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [active]);
}

/** Whether any panel waits for an answer; short ones do not make the button flicker. */
function useLoading() {
  const [loading, setLoading] = useState(false);
  const busy = useRef(new Set<string>());
  const timer = useRef(0);
  const reportLoading = useCallback((panel: string, isLoading: boolean) => {
    if (isLoading) {
      busy.current.add(panel);
    } else {
      busy.current.delete(panel);
    }
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setLoading(busy.current.size > 0), 400);
  }, []);
  const isBusy = useCallback(() => busy.current.size > 0, []);
  return { loading, reportLoading, isBusy };
}


const getStyles = (theme: GrafanaTheme2) => ({
  controls: css({
    position: 'sticky',
    top: 44,
    zIndex: theme.zIndex.activePanel,
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'flex-start',
    gap: theme.spacing(1),
    padding: theme.spacing(1, 2),
    background: theme.colors.background.canvas,
    [theme.breakpoints.down('md')]: { position: 'static' },
  }),
  variables: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), flex: '1 1 auto', minWidth: 0 }),
  // On a phone they stand in one line, which is pushed sideways.
  links: css({ display: 'contents', [theme.breakpoints.down('sm')]: { display: 'flex', gap: theme.spacing(1), maxWidth: '100%', overflowX: 'auto', scrollbarWidth: 'none', '& > *': { flexShrink: 0 }, '&:empty': { display: 'none' } } }),
  time: css({ display: 'flex', gap: theme.spacing(1), marginLeft: 'auto' }),
  main: css({ padding: theme.spacing(0, 2, 2) }),
  alone: css({ height: 'calc(100vh - 120px)' }),
});

import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, renderMarkdown, type ScopedVars } from '@grafana/data';
import { Dropdown, ErrorBoundary, IconButton, PanelChrome, useStyles2 } from '@grafana/ui';
import { Suspense, useEffect, useRef, useState } from 'react';

import { useScope } from '../app/scope';
import { Notice } from '../components/Notice';
import { Problem } from '../components/Problem';
import type { Panel } from '../model/dashboard';

import { isEmpty } from './empty';
import { PanelLinks } from './PanelLinks';
import { usePanelMenu } from './PanelMenu';
import { VISUALISATIONS } from './registry';
import { Summary } from './Summary';
import { useInspector } from './useInspector';
import { needsData, type PanelData, type PanelState, usePanel } from './usePanel';

interface Props {
  panel: Panel;
  /** Tells the copies of a repeated panel apart. */
  panelKey: string;
  scoped: ScopedVars;
  /** This panel alone fills the page. */
  alone?: boolean;
}

export function PanelFrame({ panel, panelKey, scoped, alone }: Props) {
  const styles = useStyles2(getStyles);
  const { replace } = useScope();
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const visible = useVisible(box);
  const data = usePanel(panel, scoped, visible, width, panelKey);
  const inspector = useInspector(panel, data);
  const title = replace(panel.title ?? '', scoped, 'text');
  const known = panel.type in VISUALISATIONS;
  // The code that draws it may still be on its way when its data is there.
  const [drawn, setDrawn] = useState(false);
  const [own, setOwn] = useState<PanelState>('ok');
  const asked = needsData(panel) ? data.state : own;
  const state = !known ? 'unsupported' : asked === 'ok' && !drawn ? 'loading' : asked;
  const name = title || `Panel ${panel.id}`;
  const menu = usePanelMenu({ name, panelKey, alone, data, onInspect: inspector.open });
  return (
    <div
      ref={box}
      className={styles.panel}
      aria-busy={data.busy}
      data-testid={`panel-${panelKey}`}
      data-panel-id={panel.id}
      data-panel-type={panel.type}
      data-panel-title={title}
      data-panel-state={state}
    >
      {width > 0 && (
        <PanelChrome
          width={width}
          height={height}
          title={title}
          description={panel.description ? () => renderMarkdown(replace(panel.description ?? '', scoped)) : undefined}
          displayMode={panel.transparent ? 'transparent' : 'default'}
          loadingState={data.busy && state !== 'loading' ? undefined : data.busy ? LoadingState.Loading : LoadingState.Done}
          statusMessage={state === 'error' ? data.error?.message : data.notices.length > 0 ? data.notices.join('\n') : undefined}
          titleItems={<PanelLinks panel={panel} scoped={scoped} timeInfo={data.timeInfo} />}
          actions={
            <Dropdown overlay={menu.overlay} placement="bottom-end">
              <IconButton name="ellipsis-v" tooltip={`Menu of ${name}`} className={styles.menu} />
            </Dropdown>
          }
          padding={panel.type === 'logs' || panel.type === 'table' ? 'none' : 'md'}
          hoverHeader={!title && panel.type === 'text'}
        >
          {(innerWidth, innerHeight) => (
            <div className={styles.body} style={{ width: innerWidth, height: innerHeight }}>
              <Content panel={panel} data={data} scoped={scoped} width={innerWidth} height={innerHeight} onDrawn={setDrawn} onState={setOwn} />
            </div>
          )}
        </PanelChrome>
      )}
      {inspector.element}
      {menu.element}
    </div>
  );
}

interface ContentProps {
  panel: Panel;
  data: PanelData;
  scoped: ScopedVars;
  width: number;
  height: number;
  onDrawn: (drawn: boolean) => void;
  onState: (state: PanelState) => void;
}

function Content({ panel, data, scoped, width, height, onDrawn, onState }: ContentProps) {
  const Visualisation = VISUALISATIONS[panel.type];
  const noValue = panel.fieldConfig?.defaults.noValue;
  if (!Visualisation) {
    return (
      <Notice icon="question-circle" title={`The viewer does not draw panels of the type “${panel.type}”`}>
        Grafana does: this dashboard’s JSON can be imported there as it is.
      </Notice>
    );
  }
  if (data.state === 'unsupported') {
    return <Notice icon="question-circle" title="The viewer cannot draw this panel">{data.error?.message}</Notice>;
  }
  if (data.error && data.series.length === 0) {
    return <Problem title="The query failed" error={data.error} />;
  }
  if (data.state === 'loading') {
    return <div aria-hidden="true" />;
  }
  if (data.state === 'empty') {
    return <Notice title={panel.type === 'logs' ? 'No log lines in this time' : 'No data'} />;
  }
  if (noValue && needsData(panel) && isEmpty(data.series)) {
    return (
      <>
        <Notice title={noValue} />
        <Drawn report={onDrawn} />
      </>
    );
  }
  if (width < 10 || height < 10) {
    return null;
  }
  return (
    <ErrorBoundary dependencies={[data.series, panel]}>
      {({ error }) =>
        error ? (
          <Notice icon="exclamation-triangle" title="This panel could not be drawn" alert>
            {error.message}
          </Notice>
        ) : (
          <Suspense fallback={null}>
            <Visualisation panel={panel} data={data} scoped={scoped} width={width} height={height} onState={onState} />
            <Summary type={panel.type} series={data.series} />
            <Drawn report={onDrawn} />
          </Suspense>
        )
      }
    </ErrorBoundary>
  );
}

/** Stands behind what is drawn, and so appears only with it. */
function Drawn({ report }: { report: (drawn: boolean) => void }) {
  useEffect(() => {
    report(true);
    return () => report(false);
  }, [report]);
  return null;
}

function useSize(box: React.RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return size;
}

/** Whether it is on the screen or nearly so. */
function useVisible(box: React.RefObject<HTMLElement | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const observer = new IntersectionObserver((entries) => setVisible(entries[entries.length - 1]?.isIntersecting ?? false), { rootMargin: '200px' });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return visible;
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({
    position: 'relative',
    width: '100%',
    height: '100%',
    minWidth: 0,
    '& > section, & > div': { position: 'absolute' },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}` },
  }),
  body: css({ position: 'relative', overflow: 'hidden' }),
  menu: css({ margin: 0, opacity: 0, transition: 'opacity 80ms', '[data-panel-state]:hover &, [data-panel-state]:focus-within &, &:focus-visible': { opacity: 1 } }),
});

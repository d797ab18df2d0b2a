import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import { useEffect, useRef, useState } from 'react';

import type { Replace } from '../app/scope';
import { arrange, COLUMNS, type Section } from '../model/layout';
import { PanelFrame } from '../panels/PanelFrame';

const CELL = 30;
const GAP = 8;

export function Sections({ sections, replace }: { sections: Section[]; replace: Replace }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return <div ref={box}>{width > 0 && sections.map((section) => <SectionView key={section.key} section={section} width={width} replace={replace} />)}</div>;
}

function SectionView({ section, width, replace }: { section: Section; width: number; replace: Replace }) {
  const styles = useStyles2(getStyles);
  const { row, panels, scoped } = section;
  const [open, setOpen] = useState(!row?.collapsed);
  const placed = arrange(panels, width);
  const rows = Math.max(...placed.map(({ y, h }) => y + h), 0);
  const title = row ? replace(row.title ?? '', scoped, 'text') : '';
  return (
    <section aria-label={title || undefined}>
      {row && (
        <h2 className={styles.row}>
          <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)} data-testid={`row-${row.id}`}>
            <Icon name={open ? 'angle-down' : 'angle-right'} />
            {title || 'Row'}
            {!open && <span className={styles.count}>({panels.length} panels)</span>}
          </button>
        </h2>
      )}
      {open && placed.length > 0 && (
        <div className={styles.grid} style={{ gridTemplateRows: `repeat(${rows}, ${CELL}px)` }}>
          {placed.map(({ key, panel, scoped: own, x, y, w, h }) => (
            <div key={key} className={styles.cell} style={{ gridColumn: `${x + 1} / span ${w}`, gridRow: `${y + 1} / span ${h}` }}>
              <PanelFrame panel={panel} panelKey={key} scoped={own} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  grid: css({ display: 'grid', gridTemplateColumns: `repeat(${COLUMNS}, minmax(0, 1fr))`, gap: GAP, marginBottom: GAP }),
  cell: css({ minWidth: 0, minHeight: 0 }),
  row: css({ margin: 0, fontSize: theme.typography.h5.fontSize }),
  toggle: css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    width: '100%',
    height: CELL,
    marginBottom: GAP,
    padding: theme.spacing(0, 0.5),
    border: 'none',
    background: 'none',
    color: theme.colors.text.primary,
    fontWeight: theme.typography.fontWeightMedium,
    '&:hover': { color: theme.colors.text.maxContrast },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}` },
  }),
  count: css({ color: theme.colors.text.secondary, fontWeight: 'normal', fontSize: theme.typography.bodySmall.fontSize, marginLeft: theme.spacing(1) }),
});

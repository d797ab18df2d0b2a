/** A panel's queries as they were sent, and the numbers behind the picture. */
import { css } from '@emotion/css';
import { type DataFrame, formattedValueToString, getFieldDisplayName, type GrafanaTheme2 } from '@grafana/data';
import { Modal, useStyles2 } from '@grafana/ui';

import type { Panel } from '../model/dashboard';

import type { PanelData } from './usePanel';

const MOST_ROWS = 200;

export default function Inspector({ panel, data, onClose }: { panel: Panel; data: PanelData; onClose: () => void }) {
  const styles = useStyles2(getStyles);
  return (
    <Modal title={`Inspect: ${panel.title ?? panel.id}`} isOpen onDismiss={onClose} className={styles.modal}>
      <h3 className={styles.heading}>Queries</h3>
      {data.queries.map(({ refId, source, query }) => (
        <div key={refId} className={styles.query}>
          <span className={styles.source}>
            {refId} · {source.name}
          </span>
          <pre className={styles.code}>{query}</pre>
        </div>
      ))}
      <h3 className={styles.heading}>Data</h3>
      {data.series.slice(0, 20).map((frame, index) => (
        <FrameTable key={index} frame={frame} all={data.series} />
      ))}
      {data.series.length > 20 && <p>… and {data.series.length - 20} more series.</p>}
    </Modal>
  );
}

function FrameTable({ frame, all }: { frame: DataFrame; all: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const fields = frame.fields.filter((field) => !(field.config.custom as { hidden?: boolean } | undefined)?.hidden);
  const first = Math.max(frame.length - MOST_ROWS, 0);
  const rows = Array.from({ length: frame.length - first }, (_, index) => frame.length - 1 - index);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={frame.name ?? 'Data'}>
      <table className={styles.table}>
        <thead>
          <tr>
            {fields.map((field) => (
              <th key={field.name}>{getFieldDisplayName(field, frame, all)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {fields.map((field) => {
                const value: unknown = field.values[row];
                return <td key={field.name}>{typeof value === 'object' && value !== null ? JSON.stringify(value) : field.display ? formattedValueToString(field.display(value)) : String(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  modal: css({ width: 'min(1000px, 92vw)' }),
  heading: css({ fontSize: theme.typography.h5.fontSize, marginTop: theme.spacing(1) }),
  query: css({ marginBottom: theme.spacing(1) }),
  source: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  code: css({ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: theme.spacing(0.5, 0) }),
  scroll: css({ maxHeight: 300, overflow: 'auto', marginBottom: theme.spacing(2), border: `1px solid ${theme.colors.border.weak}` }),
  table: css({
    width: '100%',
    fontSize: theme.typography.bodySmall.fontSize,
    'th, td': { padding: theme.spacing(0.5, 1), borderBottom: `1px solid ${theme.colors.border.weak}`, textAlign: 'left', whiteSpace: 'nowrap' },
    th: { position: 'sticky', top: 0, background: theme.colors.background.secondary },
  }),
});

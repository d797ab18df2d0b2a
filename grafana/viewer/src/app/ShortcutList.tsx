import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Modal, useStyles2 } from '@grafana/ui';

import { SHORTCUTS } from '../model/shortcuts';

export default function ShortcutList({ onClose }: { onClose: () => void }) {
  const styles = useStyles2(getStyles);
  return (
    <Modal title="Keyboard shortcuts" isOpen onDismiss={onClose}>
      <table className={styles.table} data-testid="shortcuts">
        <tbody>
          {SHORTCUTS.map(({ keys, text }) => (
            <tr key={keys}>
              <th scope="row">
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{ARROWS[key] ?? key}</kbd>
                ))}
              </th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}

const ARROWS: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→' };

const getStyles = (theme: GrafanaTheme2) => ({
  table: css({ 'th, td': { padding: theme.spacing(0.5, 2, 0.5, 0), textAlign: 'left', fontWeight: 'normal' }, kbd: { marginRight: theme.spacing(0.5) } }),
});

import { css } from '@emotion/css';
import { dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { Button, FilterInput, Modal, useStyles2 } from '@grafana/ui';
import { useState } from 'react';

import type { PastQuery } from '../../model/history';
import { fits } from '../../model/search';

interface Props {
  history: PastQuery[];
  onPick: (entry: PastQuery) => void;
  onClear: () => void;
}

/** The queries that were run in this browser: one of them is run again by a click. */
export function History({ history, onPick, onClear }: Props) {
  const styles = useStyles2(getStyles);
  const [isOpen, setOpen] = useState(false);
  const [search, setSearch] = useState('');
  const shown = history.filter((entry) => fits(search, entry.query));
  return (
    <>
      <Button variant="secondary" icon="history" onClick={() => setOpen(true)} disabled={history.length === 0}>
        History
      </Button>
      {isOpen && (
        <Modal title="History" isOpen onDismiss={() => setOpen(false)} className={styles.modal}>
          <div className={styles.head}>
            <FilterInput value={search} onChange={setSearch} placeholder="Find in the history" aria-label="Find in the history" escapeRegex={false} />
            <Button variant="secondary" fill="outline" onClick={() => (onClear(), setOpen(false))}>
              Forget all
            </Button>
          </div>
          <ul className={styles.list} data-testid="history">
            {shown.map((entry) => (
              <li key={`${entry.datasource} ${entry.query}`}>
                <button type="button" className={styles.entry} onClick={() => (setOpen(false), onPick(entry))}>
                  <code>{entry.query}</code>
                  <small>
                    {entry.datasource}, {dateTimeFormatTimeAgo(entry.at)}
                  </small>
                </button>
              </li>
            ))}
          </ul>
        </Modal>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  modal: css({ width: 'min(900px, 94vw)' }),
  head: css({ display: 'flex', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  list: css({ listStyle: 'none', maxHeight: '60vh', overflow: 'auto' }),
  entry: css({
    display: 'flex',
    flexDirection: 'column',
    width: '100%',
    padding: theme.spacing(0.75),
    border: 'none',
    borderTop: `1px solid ${theme.colors.border.weak}`,
    background: 'none',
    color: theme.colors.text.primary,
    textAlign: 'left',
    code: { padding: 0, border: 'none', background: 'none', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
    small: { color: theme.colors.text.secondary },
    '&:hover, &:focus-visible': { background: theme.colors.action.hover },
  }),
});

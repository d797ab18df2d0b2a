/** The address of what is shown, to be handed on: with the time as it is now, or as it moves on. */
import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { ClipboardButton, Input, Modal, Switch, useStyles2 } from '@grafana/ui';
import { useId, useState } from 'react';

import { withRange } from '../model/links';

interface Props {
  title: string;
  /** A path and its parameters, with or without a range of time. */
  address: string;
  range: TimeRange;
  onClose: () => void;
}

export default function ShareModal({ title, address, range, onClose }: Props) {
  const styles = useStyles2(getStyles);
  const [fixed, setFixed] = useState(true);
  const switchId = useId();
  const written = (value: TimeRange['raw']['from']) => (fixed || typeof value !== 'string' ? undefined : value);
  const shared = withRange(address, written(range.raw.from) ?? range.from.valueOf(), written(range.raw.to) ?? range.to.valueOf());
  const url = new URL(shared, window.location.origin).href;
  return (
    <Modal title={title} isOpen onDismiss={onClose} className={styles.modal}>
      <div className={styles.row}>
        <Switch id={switchId} value={fixed} onChange={() => setFixed(!fixed)} />
        <label htmlFor={switchId}>The time as it is now, so that the other sees the same</label>
      </div>
      <div className={styles.row}>
        <Input aria-label="Link" value={url} readOnly onFocus={(event) => event.currentTarget.select()} data-testid="share-link" />
        <ClipboardButton icon="copy" getText={() => url}>
          Copy
        </ClipboardButton>
      </div>
    </Modal>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  modal: css({ width: 'min(700px, 94vw)' }),
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(1.5), label: { margin: 0 } }),
});

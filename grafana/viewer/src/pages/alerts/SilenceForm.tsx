import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert as Message, Button, Checkbox, Field, Input, Modal, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { type FormEvent, useState } from 'react';

import { useSettings } from '../../app/settings';
import { type Alert, createSilence } from '../../data/alertmanager';
import { fitsAll, labelsOf, LENGTHS, matchersOf } from '../../model/silence';

interface Props {
  alert: Alert;
  /** All that fire now: the form says how many of them it would keep quiet. */
  alerts: Alert[];
  onDone: () => void;
  onClose: () => void;
}

const NAME = 'signalfire.name';

/** Silences an alert, and those like it: the labels that are chosen, for how long, who and why. */
export function SilenceForm({ alert, alerts, onDone, onClose }: Props) {
  const styles = useStyles2(getStyles);
  const { silenceToken } = useSettings();
  const labels = labelsOf(alert.labels);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(labels.map(([name]) => name)));
  const [seconds, setSeconds] = useState(3600);
  const [comment, setComment] = useState('');
  const [name, setName] = useState(() => window.localStorage.getItem(NAME) ?? '');
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const matching = labels.filter(([label]) => chosen.has(label));
  const quiet = alerts.filter((one) => fitsAll(one.labels, matching)).length;
  const complete = matching.length > 0 && comment.trim() !== '' && name.trim() !== '';
  const flip = (label: string) => {
    const next = new Set(chosen);
    if (!next.delete(label)) next.add(label);
    setChosen(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    window.localStorage.setItem(NAME, name.trim());
    createSilence(silenceToken ?? '', { matchers: matchersOf(matching), seconds, comment: comment.trim(), created_by: name.trim() })
      .then(onDone)
      .catch((problem: Error) => setError(problem))
      .finally(() => setBusy(false));
  };
  return (
    <Modal title={`Silence ${alert.labels['alertname'] ?? 'an alert'}`} isOpen onDismiss={onClose} className={styles.modal}>
      <form onSubmit={submit} data-testid="silence-form">
        <fieldset className={styles.labels}>
          <legend>Alerts that have all of these</legend>
          {labels.map(([label, value]) => (
            <Checkbox key={label} label={`${label}=${value}`} value={chosen.has(label)} onChange={() => flip(label)} />
          ))}
        </fieldset>
        <Field label="For">
          <RadioButtonGroup aria-label="For" className={styles.lengths} options={LENGTHS.map(([label, value]) => ({ label, value }))} value={seconds} onChange={setSeconds} />
        </Field>
        <Field label="Why" htmlFor="silence-comment">
          <Input id="silence-comment" value={comment} required maxLength={500} placeholder="Rolled back, waiting until it has drained" onChange={(event) => setComment(event.currentTarget.value)} />
        </Field>
        <Field label="Who" htmlFor="silence-name">
          <Input id="silence-name" value={name} required maxLength={100} autoComplete="name" placeholder="Your name" onChange={(event) => setName(event.currentTarget.value)} />
        </Field>
        {error && <Message severity="error" title={error.message} />}
        <div className={styles.actions}>
          <span role="status">{matching.length === 0 ? 'Choose at least one label.' : `Keeps ${quiet} of the ${alerts.length} quiet that fire now, and those like them that come.`}</span>
          <Button type="button" variant="secondary" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" icon="bell-slash" disabled={!complete || busy}>
            Silence
          </Button>
        </div>
      </form>
    </Modal>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  modal: css({ width: 'min(640px, 96vw)' }),
  labels: css({ display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5), marginBottom: theme.spacing(2), legend: { fontSize: theme.typography.bodySmall.fontSize, fontWeight: theme.typography.fontWeightMedium, marginBottom: theme.spacing(0.5) }, label: { overflowWrap: 'anywhere' } }),
  lengths: css({ flexWrap: 'wrap', maxWidth: '100%' }),
  actions: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'flex-end', gap: theme.spacing(1), span: { flex: '1 1 200px', color: theme.colors.text.secondary } }),
});

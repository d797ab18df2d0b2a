/** A text of several lines, such as a stack trace: as it is, with the frame that raised in view. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, ClipboardButton, useStyles2 } from '@grafana/ui';
import { useLayoutEffect, useRef, useState } from 'react';

import { isLastCallLast, lastCallFirst } from '../model/stackTrace';

export function TextBlock({ name, text }: { name: string; text: string }) {
  const styles = useStyles2(getStyles);
  const [turned, setTurned] = useState(false);
  const block = useRef<HTMLPreElement>(null);
  const reversed = lastCallFirst(text);
  const shown = (turned && reversed) || text;
  useLayoutEffect(() => {
    if (block.current) {
      block.current.scrollTop = !turned && isLastCallLast(text) ? block.current.scrollHeight : 0;
    }
  }, [text, turned]);
  return (
    <section className={styles.section} data-testid="text-block">
      <div className={styles.head}>
        <span className={styles.name}>{name}</span>
        {reversed && (
          <Button size="sm" variant="secondary" fill="outline" icon="arrow-down" aria-pressed={turned} onClick={() => setTurned(!turned)}>
            Last call first
          </Button>
        )}
        <ClipboardButton size="sm" variant="secondary" fill="outline" icon="copy" getText={() => shown} aria-label={`Copy ${name}`}>
          Copy
        </ClipboardButton>
      </div>
      <pre ref={block} className={styles.text} role="region" aria-label={name} tabIndex={0}>
        {shown}
      </pre>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ margin: theme.spacing(1, 0) }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), fontFamily: theme.typography.fontFamily }),
  name: css({ marginRight: 'auto', color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamilyMonospace, overflowWrap: 'anywhere' }),
  text: css({
    margin: theme.spacing(0.5, 0, 0),
    maxHeight: 'min(320px, 50vh)',
    overflow: 'auto',
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: 12,
    lineHeight: '18px',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: -2 },
  }),
});

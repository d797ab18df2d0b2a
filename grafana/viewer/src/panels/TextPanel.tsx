import { css } from '@emotion/css';
import { type GrafanaTheme2, renderTextPanelMarkdown, textUtil } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';

import { useScope } from '../app/scope';

import { optionsOf, type VizProps } from './types';

const DEFAULTS = { mode: 'markdown', content: '' };

export default function TextPanel({ panel, scoped }: VizProps) {
  const styles = useStyles2(getStyles);
  const { replace } = useScope();
  const { mode, content } = optionsOf(panel, DEFAULTS);
  if (mode === 'code') {
    return <pre className={styles.code}>{replace(content, scoped, 'text')}</pre>;
  }
  const text = replace(content, scoped, mode === 'html' ? 'html' : 'text');
  // Both are sanitised by Grafana's own rules: no scripts, no styles, no frames.
  const markup = mode === 'html' ? textUtil.sanitizeTextPanelContent(text) : renderTextPanelMarkdown(text);
  return <div className={`markdown-html ${styles.text}`} dangerouslySetInnerHTML={{ __html: markup }} />;
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({ height: '100%', overflow: 'auto', '& > :last-child': { marginBottom: 0 }, '& h1, & h2, & h3': { marginTop: theme.spacing(1) } }),
  code: css({ height: '100%', margin: 0, overflow: 'auto', border: 'none', background: 'none' }),
});

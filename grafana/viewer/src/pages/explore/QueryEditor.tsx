/** The editor of a query: colours, completion and mistakes of PromQL, colours of LogQL. It is large, and loaded when it is needed. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, LanguageSupport, LRLanguage, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { cache } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { parser as logql } from '@grafana/lezer-logql';
import { useTheme2 } from '@grafana/ui';
import { styleTags, tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useRef } from 'react';

import type { DataSource } from '../../model/dashboard';

import type { EditorProps } from './QueryInput';

export default function QueryEditor({ source, value, label, onChange, onRun }: EditorProps) {
  const theme = useTheme2();
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changing = useRef({ language: new Compartment(), look: new Compartment() });
  // The editor lives longer than the functions of one drawing.
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };

  useEffect(() => {
    const { language, look } = changing.current;
    const run = () => {
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: box.current ?? undefined,
      state: EditorState.create({
        doc: value,
        extensions: [
          // The page's policy takes styles with this answer's nonce alone.
          EditorView.cspNonce.of(cache.sheet.nonce ?? ''),
          language.of([]),
          look.of([]),
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run }, { key: 'Shift-Enter', run }])),
          history(),
          closeBrackets(),
          bracketMatching(),
          autocompletion({ maxRenderedOptions: 100 }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off' }),
          placeholder('An expression; Ctrl-Enter runs it'),
          // Tab is left to the page: it leads on.
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.updateListener.of((update) => update.docChanged && latest.current.onChange(update.state.doc.toString())),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- made once; what changes is put into it below
  }, []);
  useEffect(() => {
    const { extension, end } = languageOf(source);
    view.current?.dispatch({ effects: changing.current.language.reconfigure(extension) });
    return end;
  }, [source]);
  useEffect(() => {
    view.current?.dispatch({ effects: changing.current.look.reconfigure(lookOf(theme)) });
  }, [theme]);
  useEffect(() => {
    const shown = view.current?.state.doc.toString();
    if (shown !== undefined && shown !== value) {
      view.current?.dispatch({ changes: { from: 0, to: shown.length, insert: value } });
    }
  }, [value]);
  return <div ref={box} data-testid="query-editor" />;
}

function languageOf(source: DataSource): { extension: Extension; end: () => void } {
  if (source.type !== 'prometheus') {
    return { extension: LOGQL, end: () => undefined };
  }
  const promql = new PromQLExtension().setComplete({
    // Names and labels come from the server itself; that a list cannot be had takes nothing from the query.
    remote: { url: `/api/datasources/proxy/uid/${encodeURIComponent(source.uid)}`, httpMethod: 'GET', httpErrorHandler: () => undefined },
  });
  return { extension: promql.asExtension(), end: () => promql.destroy() };
}

const LOGQL = new LanguageSupport(
  LRLanguage.define({
    parser: logql.configure({
      props: [
        styleTags({
          LineComment: tags.comment,
          'Identifier Matcher/Identifier': tags.labelName,
          String: tags.string,
          'Number Bytes Duration': tags.number,
          'Json Logfmt Regexp Unpack Pattern LineFormat LabelFormat Decolorize Drop Keep Unwrap': tags.keyword,
          'By Without On Ignoring GroupLeft GroupRight Bool Offset': tags.modifier,
          'Sum Avg Count Max Min Stddev Stdvar Bottomk Topk Sort Sort_Desc Vector LabelReplace': tags.function(tags.variableName),
          'RangeOp/...': tags.function(tags.variableName),
          'Eq Neq Re Nre PipeExact PipeMatch Npa And Or Unless Add Sub Mul Div Mod Pow Gtr Gte Lss Lte': tags.operator,
        }),
      ],
    }),
    languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"', '`'] } },
  })
);

function lookOf(theme: GrafanaTheme2): Extension {
  const { colors, isDark, spacing, typography, shape, visualization } = theme;
  const shade = (name: string) => visualization.getColorByName(isDark ? `light-${name}` : `dark-${name}`);
  return [
    EditorView.theme(
      {
        '&': { background: colors.background.primary, border: `1px solid ${colors.border.medium}`, borderRadius: shape.radius.default, fontSize: '13px' },
        '&.cm-focused': { outline: `2px solid ${colors.primary.main}` },
        '.cm-scroller': { fontFamily: typography.fontFamilyMonospace, lineHeight: '20px' },
        '.cm-content': { padding: spacing(0.75, 0), caretColor: colors.text.maxContrast },
        '.cm-placeholder': { color: colors.text.secondary },
        '.cm-tooltip': { background: colors.background.elevated ?? colors.background.primary, border: `1px solid ${colors.border.medium}`, color: colors.text.primary },
        '.cm-tooltip-autocomplete > ul': { fontFamily: typography.fontFamilyMonospace, maxWidth: '90vw' },
        '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: colors.primary.main, color: colors.primary.contrastText },
        '.cm-completionDetail': { color: colors.text.secondary },
        '.cm-completionInfo': { maxWidth: 'min(400px, 90vw)', padding: spacing(1) },
        '.cm-matchingBracket': { background: colors.action.selected },
      },
      { dark: isDark }
    ),
    syntaxHighlighting(
      HighlightStyle.define([
        { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: shade('purple') },
        { tag: [tags.function(tags.variableName)], color: shade('blue') },
        { tag: [tags.labelName], color: isDark ? shade('blue') : colors.primary.text },
        { tag: [tags.string], color: isDark ? shade('green') : colors.success.text },
        { tag: [tags.number], color: isDark ? shade('orange') : colors.warning.text },
        { tag: [tags.comment], color: colors.text.secondary, fontStyle: 'italic' },
        { tag: [tags.invalid], color: colors.error.text },
      ])
    ),
  ];
}

/** Where a query is written: a plain field at once, and the editor in its place as soon as that has been loaded. */
import { TextArea } from '@grafana/ui';
import { lazy, Suspense } from 'react';

import type { DataSource } from '../../model/dashboard';

export interface EditorProps {
  source: DataSource;
  value: string;
  /** Its name for a screen reader. */
  label: string;
  onChange: (value: string) => void;
  onRun: () => void;
}

const QueryEditor = lazy(() => import('./QueryEditor'));

export function QueryInput(props: EditorProps) {
  return (
    <Suspense fallback={<PlainEditor {...props} />}>
      <QueryEditor {...props} />
    </Suspense>
  );
}

function PlainEditor({ value, label, onChange, onRun }: EditorProps) {
  return (
    <TextArea
      aria-label={label}
      rows={1}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey || event.shiftKey)) {
          event.preventDefault();
          onRun();
        }
      }}
    />
  );
}

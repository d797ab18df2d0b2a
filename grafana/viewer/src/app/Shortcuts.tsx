import { lazy, Suspense, useEffect, useState } from 'react';

import { pressed } from '../model/shortcuts';

import { runAction } from './actions';
import { navigate } from './router';

const ShortcutList = lazy(() => import('./ShortcutList'));

/** Listens to the keys of every page; none of them is taken from where something is written or chosen. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let before: ReturnType<typeof pressed>['pending'];
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) {
        return;
      }
      const { action, pending } = pressed(before, event.key, event.timeStamp);
      before = pending;
      if (action === undefined) {
        return;
      }
      event.preventDefault();
      if (action === 'help') {
        setOpen(true);
      } else if (action.startsWith('/')) {
        navigate(action);
      } else {
        runAction(action);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return isOpen ? (
    <Suspense fallback={null}>
      <ShortcutList onClose={() => setOpen(false)} />
    </Suspense>
  ) : null;
}

const isTaken = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"]') !== null;

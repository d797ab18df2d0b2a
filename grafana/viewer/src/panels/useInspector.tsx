import { lazy, Suspense, useState } from 'react';

import type { Panel } from '../model/dashboard';

import type { PanelData } from './usePanel';

// Not needed to draw: loaded when it is opened.
const Inspector = lazy(() => import('./Inspector'));

export function useInspector(panel: Panel, data: PanelData) {
  const [isOpen, setOpen] = useState(false);
  const element = isOpen ? (
    <Suspense fallback={null}>
      <Inspector panel={panel} data={data} onClose={() => setOpen(false)} />
    </Suspense>
  ) : null;
  return { open: () => setOpen(true), element };
}

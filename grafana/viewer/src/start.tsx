import './setup';
import './page.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './App';
import { followLinksInPlace } from './app/router';

/** Plots measure their labels when they are first drawn: with the wrong typeface they would be cut off for good. */
async function loadTypeface(): Promise<void> {
  const faces = [
    new FontFace('Inter', 'url(/fonts/inter/Inter-Regular.woff2)', { weight: '400' }),
    new FontFace('Inter', 'url(/fonts/inter/Inter-Medium.woff2)', { weight: '500' }),
  ];
  const loaded = faces.map(async (face) => document.fonts.add(await face.load()));
  const patience = new Promise((resolve) => window.setTimeout(resolve, 1500));
  await Promise.race([Promise.allSettled(loaded), patience]);
}

followLinksInPlace();
const root = document.getElementById('root');
void loadTypeface().then(() => {
  if (root) {
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>
    );
  }
});

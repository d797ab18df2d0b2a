import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import type {} from 'vitest/config';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  overrides: Record<string, string>;
};
// @grafana/ui imports editors, maps and the like that no panel here uses. package.json replaces each with an empty
// package, which makes the installation less than half as large; to the bundle they are empty modules.
const unused = Object.keys(manifest.overrides).filter((name) => manifest.overrides[name].startsWith('npm:empty-'));
const isUnused = (id: string) => unused.some((name) => id === name || id.startsWith(`${name}/`));

// Parts of @grafana/ui that are in the bundle and mention an empty package, but not where we use them.
const HARMLESS = ['Table/geo/OpenLayersProvider.mjs', 'Monaco/ReactMonacoEditor.mjs', 'ErrorBoundary/ErrorBoundary.mjs'];

function emptyPackages(): Plugin {
  return {
    name: 'empty-packages',
    enforce: 'pre',
    resolveId: (id) => (isUnused(id) ? { id: `\0empty:${id}`, moduleSideEffects: false } : undefined),
    load: (id) => (id.startsWith('\0empty:') ? { code: 'module.exports = {};', moduleType: 'js' } : undefined),
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
      const kept = new Set(chunks.flatMap((chunk) => Object.entries(chunk.modules).filter(([, part]) => part.renderedLength > 0).map(([id]) => id)));
      for (const id of [...this.getModuleIds()].filter((one) => one.startsWith('\0empty:'))) {
        const users = this.getModuleInfo(id)?.importers.filter((user) => kept.has(user) && !HARMLESS.some((name) => user.endsWith(name)));
        if (users?.length) {
          this.error(`${id.slice('\0empty:'.length)} is used by ${users.join(', ')}: take it out of "overrides" in package.json`);
        }
      }
    },
  };
}

// Grafana's icons are files of their own, fetched when first drawn.
function icons(): Plugin {
  const root = new URL('node_modules/@grafana/ui/dist/public/img/icons/', import.meta.url).pathname;
  return {
    name: 'icons',
    generateBundle() {
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        if (!entry.name.endsWith('.svg')) continue;
        const path = join(entry.parentPath, entry.name);
        this.emitFile({ type: 'asset', fileName: `build/img/icons/${path.slice(root.length)}`, source: readFileSync(path) });
      }
    },
  };
}

// The two typefaces of Grafana, at the addresses that its styles ask for; Latin only, other letters are the system's.
const FONTS: Record<string, string> = {
  'inter/Inter-Regular.woff2': 'inter/files/inter-latin-wght-normal.woff2',
  'inter/Inter-Medium.woff2': 'inter/files/inter-latin-wght-normal.woff2',
  'inter/Inter-Italic.woff2': 'inter/files/inter-latin-wght-italic.woff2',
  'inter/Inter-MediumItalic.woff2': 'inter/files/inter-latin-wght-italic.woff2',
  'roboto/L0xTDF4xlVMF-BfR8bXMIhJHg45mwgGEFl0_3vrtSM1J-gEPT5Ese6hmHSh0mQ.woff2': 'roboto-mono/files/roboto-mono-latin-wght-normal.woff2',
};

function fonts(): Plugin {
  const root = new URL('node_modules/@fontsource-variable/', import.meta.url).pathname;
  return {
    name: 'fonts',
    generateBundle() {
      for (const [address, file] of Object.entries(FONTS)) {
        this.emitFile({ type: 'asset', fileName: `fonts/${address}`, source: readFileSync(join(root, file)) });
      }
    },
  };
}

// The page's own script is small and loads the rest once it has set the nonce (src/main.ts). Here is what that will be, so that the
// browser has fetched it by then.
function preloadStart(): Plugin {
  return {
    name: 'preload-start',
    transformIndexHtml: {
      order: 'post',
      handler(page, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((output) => output.type === 'chunk');
        const needed = new Set<string>();
        const need = (name: string) => {
          if (needed.has(name)) return;
          needed.add(name);
          chunks.find((chunk) => chunk.fileName === name)?.imports.forEach(need);
        };
        chunks.filter((chunk) => chunk.facadeModuleId?.endsWith('/src/start.tsx')).forEach((chunk) => need(chunk.fileName));
        const others = [...needed].filter((name) => !page.includes(name));
        return others.map((name) => ({ tag: 'link', attrs: { rel: 'modulepreload', href: `/${name}`, crossorigin: true }, injectTo: 'head' }));
      },
    },
  };
}

// The server hands these out as they are, so that it never has to compress.
function packed(): Plugin {
  return {
    name: 'packed',
    writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css)$/.test(name))) {
        const path = join(dir, fileName);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 6 }));
      }
    },
  };
}

export default defineConfig({
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  resolve: {
    alias: [
      { find: 'react-router-dom-v5-compat', replacement: new URL('src/shims/router.tsx', import.meta.url).pathname },
      // What is shown is months old at the most: time zones since the year 0 would be a fifth of all that is loaded.
      { find: /^moment-timezone$/, replacement: 'moment-timezone/builds/moment-timezone-with-data-10-year-range.js' },
    ],
  },
  plugins: [emptyPackages(), icons(), fonts(), preloadStart(), packed()],
  build: {
    target: 'es2022',
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What the page's own script needs to set the nonce, and nothing that makes styles before it has.
            { name: 'first', test: /node_modules\/(@emotion\/(?!react)|stylis\/)|vite\/preload-helper/, priority: 2 },
            // One file of what several pages and panels share: as thirty small ones it took three times as long to fetch.
            { name: 'shared', minShareCount: 2, priority: 1 },
          ],
        },
      },
      // "use client" means nothing here, and a dozen packages say it in every file.
      onwarn: (warning, warn) => (warning.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : warn(warning)),
    },
  },
  // Grafana's packages are written for a bundler: Node alone cannot load them.
  test: {
    include: ['tests/**/*.test.ts'],
    server: { deps: { inline: [/@grafana/] } },
    // Loading those packages takes longer than all tests: once is enough.
    isolate: false,
    maxWorkers: 1,
    reporters: ['minimal'],
  },
  server: { proxy: { '/api': 'http://127.0.0.1:3000' } },
});

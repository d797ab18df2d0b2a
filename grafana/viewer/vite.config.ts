import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  overrides: Record<string, string>;
};
// @grafana/ui imports editors, maps and the like that no panel here uses. package.json replaces each with an empty
// package, which makes the installation less than half as large; to the bundle they are empty modules.
const unused = Object.keys(manifest.overrides).filter((name) => manifest.overrides[name].startsWith('npm:empty-'));
const isUnused = (id: string) => unused.some((name) => id === name || id.startsWith(`${name}/`));

function emptyPackages(): Plugin {
  return {
    name: 'empty-packages',
    enforce: 'pre',
    resolveId: (id) => (isUnused(id) ? { id: `\0empty:${id}`, moduleSideEffects: false } : undefined),
    load: (id) => (id.startsWith('\0empty:') ? { code: 'module.exports = {};', moduleType: 'js' } : undefined),
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

// The server hands these out as they are, so that it never has to compress.
function packed(): Plugin {
  return {
    name: 'packed',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const [fileName, output] of Object.entries(bundle)) {
        if (!/^assets\/.*\.(js|css)$/.test(fileName)) continue;
        const content = output.type === 'chunk' ? output.code : output.source;
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(content, { level: 6 }) });
      }
    },
  };
}

export default defineConfig({
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  plugins: [emptyPackages(), icons(), packed()],
  build: {
    target: 'es2022',
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" means nothing here, and a dozen packages say it in every file.
      onwarn: (warning, warn) => (warning.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : warn(warning)),
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:3000' } },
});

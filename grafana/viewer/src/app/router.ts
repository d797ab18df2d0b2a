/** The address is the state: a page reads it, and changes it by navigating. */
import { useMemo, useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const notify = () => listeners.forEach((listener) => listener());

window.addEventListener('popstate', notify);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const url = new URL(to, window.location.href);
  if (url.href === window.location.href) {
    return;
  }
  const samePage = url.pathname === window.location.pathname;
  window.history[options.replace ? 'replaceState' : 'pushState'](null, '', url);
  if (!samePage) {
    window.scrollTo(0, 0);
  }
  notify();
}

export interface Location {
  path: string;
  search: string;
  query: URLSearchParams;
}

export function useLocation(): Location {
  const href = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  return useMemo(() => {
    const [path = '/', search = ''] = href.split(/\?(.*)/s);
    return { path, search, query: new URLSearchParams(search) };
  }, [href]);
}

/** Changes some parameters of the address; undefined takes one away, a list repeats it. */
export function updateQuery(changes: Record<string, string | string[] | undefined>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of value === undefined ? [] : [value].flat()) {
      query.append(name, one);
    }
  }
  const text = query.toString();
  navigate(`${window.location.pathname}${text ? `?${text}` : ''}`, options);
}

const OTHER_DOCUMENTS = /^\/(runbooks|api|metrics)(\/|$)/;

/** Ordinary links to our own pages are followed without loading the page again. */
export function followLinksInPlace(): void {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || !link.href || (link.target && link.target !== '_self') || link.hasAttribute('download')) {
      return;
    }
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || OTHER_DOCUMENTS.test(url.pathname) || link.getAttribute('href')?.startsWith('#')) {
      return;
    }
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}

/**
 * The page's policy lets only styles with this answer's nonce in. Emotion takes it up when its first style is made, and
 * components make styles as soon as they are loaded: so the nonce is set first, and everything else is loaded after it.
 */
import { cache } from '@emotion/css';

cache.sheet.nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
void import('./start');

/** What @grafana/ui takes from react-router: a link. Ours are plain anchors, followed in place by the page's own router. */
import { type AnchorHTMLAttributes, forwardRef } from 'react';

interface Props extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string;
}

export const Link = forwardRef<HTMLAnchorElement, Props>(function Link({ to, ...rest }, ref) {
  return <a ref={ref} href={to} {...rest} />;
});

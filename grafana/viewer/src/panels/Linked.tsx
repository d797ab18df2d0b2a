import { css, cx } from '@emotion/css';
import type { FieldDisplay, LinkModel } from '@grafana/data';
import { DataLinksContextMenu } from '@grafana/ui';
import type { MouseEventHandler, ReactElement } from 'react';

import { safeHref } from '../model/links';

interface Props {
  display: FieldDisplay;
  children: (onClick?: MouseEventHandler<HTMLElement>, className?: string) => ReactElement;
}

/** A value with data links: one link is followed at a click, several open a menu. */
export function Linked({ display, children }: Props) {
  const { hasLinks, getLinks } = display;
  if (!hasLinks || !getLinks) {
    return children();
  }
  const links = (): Array<LinkModel> => getLinks().filter((link) => safeHref(link.href) !== undefined);
  return (
    <DataLinksContextMenu links={links} style={{ width: '100%', height: '100%' }}>
      {({ openMenu, targetClassName }) => children(openMenu, cx(targetClassName, pointer))}
    </DataLinksContextMenu>
  );
}

const pointer = css({ cursor: 'pointer' });

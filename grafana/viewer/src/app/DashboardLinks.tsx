import { Dropdown, LinkButton, Menu, ToolbarButton } from '@grafana/ui';

import type { DashboardLink } from '../model/dashboard';
import { queryParameters } from '../model/interpolate';
import { safeHref } from '../model/links';
import { resolve, type VariableState } from '../model/variables';

import type { Replace } from './scope';
import { useSettings } from './settings';
import type { Clock } from './useTime';

interface Props {
  links: DashboardLink[];
  replace: Replace;
  clock: Clock;
  variables: VariableState[];
}

/** A dashboard's links to its neighbours, taking time and variables along where they are told to. */
export function DashboardLinks({ links, replace, clock, variables }: Props) {
  const { dashboards } = useSettings();
  const complete = (url: string, link: DashboardLink): string => {
    const parts = [
      ...(link.includeVars ? variables.map((state) => queryParameters(state.model.name, resolve(state))) : []),
      ...(link.keepTime ? [`from=${encodeURIComponent(clock.rawFrom)}&to=${encodeURIComponent(clock.rawTo)}`] : []),
    ];
    return parts.length > 0 ? `${url}${url.includes('?') ? '&' : '?'}${parts.join('&')}` : url;
  };
  return (
    <>
      {links.map((link) => {
        if (link.type === 'dashboards') {
          const tagged = dashboards.filter((one) => (link.tags ?? []).every((tag) => one.tags.includes(tag)));
          const items = tagged.map((one) => <Menu.Item key={one.uid} label={one.title} url={complete(one.url, link)} />);
          return link.asDropdown ? (
            <Dropdown key={link.title} overlay={<Menu ariaLabel={link.title}>{items}</Menu>}>
              <ToolbarButton icon="bars" isOpen={false} variant="canvas">
                {link.title || 'Dashboards'}
              </ToolbarButton>
            </Dropdown>
          ) : (
            tagged.map((one) => (
              <LinkButton key={one.uid} variant="secondary" fill="outline" icon="apps" href={complete(one.url, link)}>
                {one.title}
              </LinkButton>
            ))
          );
        }
        const href = safeHref(complete(replace(link.url ?? '', undefined, 'uriencode'), link));
        return (
          <LinkButton
            key={`${link.title}${link.url}`}
            variant="secondary"
            fill="outline"
            icon={link.icon === 'dashboard' ? 'apps' : 'external-link-alt'}
            href={href}
            target={link.targetBlank ? '_blank' : undefined}
            tooltip={link.tooltip || undefined}
          >
            {replace(link.title)}
          </LinkButton>
        );
      })}
    </>
  );
}

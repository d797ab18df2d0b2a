import { Badge, type BadgeColor } from '@grafana/ui';

import { severityRank } from '../data/alertmanager';

export function SeverityBadge({ severity }: { severity: string | undefined }) {
  const rank = severityRank(severity);
  const color: BadgeColor = rank <= 1 ? 'purple' : rank <= 3 ? 'red' : rank <= 5 ? 'orange' : rank < 8 ? 'blue' : 'darkgrey';
  return <Badge text={severity ?? 'none'} color={color} />;
}

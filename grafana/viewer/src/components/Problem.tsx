import { StartingError } from '../data/http';

import { Notice } from './Notice';

interface Props {
  /** What could not be done. */
  title: string;
  error: Error | string;
}

/** What stands where an answer is missing: why it failed, or that its server is still on its way, which is no failure. */
export function Problem({ title, error }: Props) {
  if (error instanceof StartingError) {
    return (
      <Notice icon="clock-nine" title="Not there yet">
        {error.message}
      </Notice>
    );
  }
  return (
    <Notice icon="exclamation-triangle" title={title} alert>
      {error instanceof Error ? error.message : error}
    </Notice>
  );
}

import { type GrafanaTheme2, type SelectableValue } from '@grafana/data';
import { css } from '@emotion/css';
import { AutoSizeInput, Icon, InlineLabel, MultiSelect, Select, Tooltip, useStyles2 } from '@grafana/ui';

import { ALL, asList } from '../model/interpolate';
import { isSupported, queryText, type VariableState } from '../model/variables';

import { updateQuery } from './router';

const set = (name: string, value: string | string[]) => updateQuery({ [`var-${name}`]: value });

export function VariableControls({ variables, order }: { variables: VariableState[]; order: string[] }) {
  const styles = useStyles2(getStyles);
  const shown = order
    .map((name) => variables.find((state) => state.model.name === name))
    .filter((state): state is VariableState => state !== undefined && state.model.hide !== 2 && state.model.type !== 'constant');
  return (
    <>
      {shown.map((state) => (
        <div key={state.model.name} className={styles.control} data-testid={`variable-${state.model.name}`}>
          {state.model.hide !== 1 && (
            <InlineLabel width="auto" htmlFor={`var-${state.model.name}`} tooltip={state.model.description ?? undefined} className={styles.label}>
              {state.model.label || state.model.name}
            </InlineLabel>
          )}
          <Control state={state} />
          {state.error && (
            <Tooltip content={state.error}>
              <span className={styles.error} role="alert" aria-label={`${state.model.label || state.model.name}: ${state.error}`} tabIndex={0}>
                <Icon name="exclamation-triangle" />
              </span>
            </Tooltip>
          )}
        </div>
      ))}
    </>
  );
}

function Control({ state }: { state: VariableState }) {
  const { model, options, value } = state;
  const styles = useStyles2(getStyles);
  const name = model.label || model.name;
  if (!isSupported(model)) {
    return <span className={styles.unsupported}>{model.type}</span>;
  }
  if (model.type === 'textbox') {
    return (
      <AutoSizeInput
        id={`var-${model.name}`}
        aria-label={name}
        minWidth={12}
        defaultValue={asList(value)[0] ?? queryText(model)}
        key={String(value)}
        onCommitChange={(event) => set(model.name, event.currentTarget.value)}
      />
    );
  }
  const all: SelectableValue<string>[] = [
    ...(model.includeAll ? [{ label: 'All', value: ALL }] : []),
    ...options.map((option) => ({ label: option.text, value: option.value })),
  ];
  const chosen = asList(value).map((one) => all.find((option) => option.value === one) ?? { label: one, value: one });
  const common = {
    inputId: `var-${model.name}`,
    'aria-label': name,
    options: all,
    width: 'auto' as const,
    menuShouldPortal: true,
    allowCustomValue: model.type !== 'datasource',
    maxVisibleValues: 3,
    placeholder: 'Choose',
    noOptionsMessage: 'No values found',
  };
  if (!model.multi) {
    return <Select {...common} value={chosen[0]} onChange={(option: SelectableValue<string>) => set(model.name, option.value ?? '')} />;
  }
  return (
    <MultiSelect
      {...common}
      closeMenuOnSelect={false}
      value={chosen}
      onChange={(picked: Array<SelectableValue<string>>) => {
        const values = picked.map((option) => option.value ?? '');
        const last = values[values.length - 1];
        // All stands alone: choosing it drops the others, choosing another drops it.
        const next = last === ALL || values.length === 0 ? [model.includeAll ? ALL : ''] : values.filter((one) => one !== ALL);
        set(model.name, next.filter(Boolean));
      }}
    />
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  control: css({ display: 'flex', alignItems: 'stretch', maxWidth: '100%' }),
  label: css({ marginRight: 0, borderTopRightRadius: 0, borderBottomRightRadius: 0, borderRight: 'none' }),
  error: css({ color: theme.colors.warning.text, display: 'flex', alignItems: 'center', paddingLeft: theme.spacing(0.5) }),
  unsupported: css({ color: theme.colors.text.secondary, alignSelf: 'center', padding: theme.spacing(0, 1) }),
});

import { describe, expect, it } from 'vitest';

import type { VariableModel } from '../src/model/dashboard';
import { ALL } from '../src/model/interpolate';
import { applyRegex, chooseValue, inDependencyOrder, parseCustom, queryText, resolve, sortOptions } from '../src/model/variables';

const model = (fields: Partial<VariableModel>): VariableModel => ({ name: 'x', type: 'query', ...fields });
const options = (...values: string[]) => values.map((value) => ({ text: value, value }));

describe('variables', () => {
  it('come after those they use', () => {
    const models = [model({ name: 'c', query: 'label_values(up{a="$a", b="$b"}, c)' }), model({ name: 'b', query: { query: 'label_values(up{a="${a:regex}"}, b)' } }), model({ name: 'a', query: 'label_values(a)' })];
    expect(inDependencyOrder(models).map((one) => one.name)).toEqual(['a', 'b', 'c']);
  });

  it('in a circle are all there, once', () => {
    const models = [model({ name: 'a', query: '$b' }), model({ name: 'b', query: '$a' })];
    expect(inDependencyOrder(models).map((one) => one.name).sort()).toEqual(['a', 'b']);
  });

  it.each([
    ['label_values(up, job)', 'label_values(up, job)'],
    [{ query: 'metrics(x)', refId: 'A' }, 'metrics(x)'],
    [{ type: 1, label: 'app', stream: '{a="b"}' }, 'label_values({a="b"}, app)'],
    [{ type: 1, label: 'app' }, 'label_values(app)'],
    [{ type: 0 }, 'label_names()'],
  ])('%j is the query %s', (query, text) => {
    expect(queryText(model({ query }))).toBe(text);
  });
});

describe('options', () => {
  it('of a list may have names and commas', () => {
    expect(parseCustom('a, b : c, d\\,e')).toEqual([{ text: 'a', value: 'a' }, { text: 'b', value: 'c' }, { text: 'd,e', value: 'd,e' }]);
  });

  it.each([
    ['/.*-(\\d+)/', [{ text: '10', value: '10' }, { text: '9', value: '9' }]],
    ['/(?<text>\\w+)-(?<value>\\d+)/', [{ text: 'web', value: '10' }, { text: 'db', value: '9' }]],
    ['/^web-.*/', [{ text: 'web-10', value: 'web-10' }]],
  ])('keep what matches %s', (regex, kept) => {
    expect(applyRegex(options('web-10', 'db-9'), regex)).toEqual(kept);
  });

  it.each([
    [0, ['b10', 'a9', 'C1']],
    [1, ['C1', 'a9', 'b10']],
    [2, ['b10', 'a9', 'C1']],
    [3, ['C1', 'a9', 'b10']],
    [4, ['b10', 'a9', 'C1']],
    [5, ['a9', 'b10', 'C1']],
  ])('are sorted as %i says', (sort, sorted) => {
    expect(sortOptions(options('b10', 'a9', 'C1'), sort).map((option) => option.value)).toEqual(sorted);
  });
});

describe('the value', () => {
  const found = options('a', 'b');
  it.each([
    ['the address wins', model({}), ['b'], 'b'],
    ['even for what is not on the list', model({}), ['z'], 'z'],
    ['several from the address', model({ multi: true }), ['a', 'b'], ['a', 'b']],
    ['All by its name', model({ multi: true, includeAll: true }), ['All'], [ALL]],
    ['the saved one', model({ current: { value: 'b' } }), undefined, 'b'],
    ['the first when the saved one is gone', model({ current: { value: 'z' } }), undefined, 'a'],
    ['All when the saved one is gone', model({ includeAll: true, current: { value: 'z' } }), undefined, ALL],
    ['a text', model({ type: 'textbox', query: 'hi' }), undefined, 'hi'],
    ['a constant', model({ type: 'constant', query: 'c' }), undefined, 'c'],
  ])('%s', (_, one, asked, value) => {
    expect(chooseValue(one, found, asked)).toEqual(value);
  });

  it('of All is every option, or the pattern that stands for it', () => {
    expect(resolve({ model: model({ includeAll: true }), options: found, value: ALL })).toMatchObject({ value: ['a', 'b'], all: true, multi: true });
    expect(resolve({ model: model({ includeAll: true, allValue: '.*' }), options: found, value: ALL })).toMatchObject({ value: '.*', literal: true });
  });
});

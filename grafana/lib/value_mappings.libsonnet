// What stands in the place of a number, and in which colour.
{
  // values: [{value, text, color}]
  of(values):: [{
    type: 'value',
    options: {
      [values[i].value]: { text: values[i].text, color: values[i].color, index: i }
      for i in std.range(0, std.length(values) - 1)
    },
  }],
  health:: [
    { value: '2', text: 'Starting', color: 'blue' },
    { value: '1', text: 'Healthy', color: 'green' },
    { value: '0.5', text: 'Degraded', color: 'orange' },
    { value: '0', text: 'Unhealthy', color: 'red' },
  ],
  up:: [
    { value: '1', text: 'Up', color: 'green' },
    { value: '0', text: 'Down', color: 'red' },
  ],
}

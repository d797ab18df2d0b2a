// What an alert about a standstill says: since when, where that is recorded, else as a multiple.
local lib = import '../lib.libsonnet';
{
  says(value, level):: self.told(value, level, '%s as long as usual' % value),
  local this = self,
  beside: [{
    title: 'says since when it stands still',
    // The minutes until it fires do not count beside ten days.
    series: { [this.record]: lib.start.seconds - 10 * 86400 },
    says(value, level):: this.told(value, level, '10d'),
  }],
}

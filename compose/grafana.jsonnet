// What a real Grafana is given: its data sources, and the dashboards of the mixin.
local provisioning = import 'grafana/provisioning/provisioning.libsonnet';
local signalfire = import 'mixin.libsonnet';

function(settings, runtime)
  local mixin = signalfire { _config+:: { settings: settings, links: runtime.links } };
  local files = provisioning(settings, runtime);
  {
    ['provisioning/' + name]: std.manifestYamlDoc(files[name], indent_array_in_object=true, quote_keys=false)
    for name in std.objectFields(files)
  } + {
    ['dashboards/' + name]: std.manifestJsonEx(mixin.grafanaDashboards[name], '  ')
    for name in std.objectFields(mixin.grafanaDashboards)
  }

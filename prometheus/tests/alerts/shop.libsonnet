// The service that alerts are tested on; its name would break an address if it were not escaped.
{ env: 'test', service: 'shop & sons' }

import { describe, expect, it } from '@jest/globals';
import { bandsOf } from './alert-bands.js';
import { type Alert, type Alerts } from './wire.js';

const alert = (rule: string, state: Alert['state'], since: string | null): Alert => ({
  rule,
  level: 'warning',
  what: rule,
  state,
  since,
  measure: null,
});

const alerts: Alerts = {
  webhook: { isConfigured: false, kind: null, waiting: 0, problem: null },
  rules: [
    alert('memory', 'firing', '1970-01-01T00:01:40.000Z'),
    alert('cpu', 'pending', '1970-01-01T00:01:40.000Z'),
    alert('tick', 'ok', null),
  ],
};

describe('the bands of a chart', () => {
  it('are the alerts about it that fire, from their beginning up to now', () => {
    expect(bandsOf(alerts, ['game', 'memory'], 160)).toEqual([{ from: 100, to: 160, level: 'warning' }]);
    expect(bandsOf(alerts, ['cpu', 'tick'], 160)).toEqual([]);
    expect(bandsOf(null, ['memory'], 160)).toEqual([]);
  });
});

import { type Unit } from '../alert-message.js';
import { type AlertRule, type AlertSample, type Look, type SampleView } from './alert-rule.js';

/** A value must go this far back behind the threshold before the alert can end. */
const HYSTERESIS = 0.95;

/** There is nothing to tell about. */
const NOTHING: Look = { holds: false, isClear: true, measure: null };

/** A rule about a number of the game, the machine or its disk. */
interface ValueRule extends Omit<AlertRule<SampleView>, 'look'> {
  readonly unit: Unit;
  /** Null when it is not known. */
  value(sample: AlertSample): number | null;
  /** Null when the rule is off, or there is no limit: whatever it told before is over then. */
  threshold(view: SampleView): number | null;
  /** Whether a value below the threshold is the bad one. */
  readonly isBelow?: boolean;
  /** What ends with the game: without one it is over. */
  readonly isOfGame: boolean;
}

/** The rule that fires when a number is beyond its threshold, and ends when it is well back behind it. */
export function valueRule(rule: ValueRule): AlertRule<SampleView> {
  return {
    name: rule.name,
    level: rule.level,
    what: rule.what,
    text: (view) => rule.text(view),
    look(view): Look | null {
      const threshold = rule.threshold(view);
      if (threshold === null || (rule.isOfGame && view.sample.gameMemoryMb === null)) return NOTHING;
      const value = rule.value(view.sample);
      if (value === null) return null;
      const isBelow = rule.isBelow === true;
      return {
        holds: isBelow ? value < threshold : value > threshold,
        isClear: isBelow ? value > threshold / HYSTERESIS : value < threshold * HYSTERESIS,
        measure: { value, threshold, unit: rule.unit },
      };
    },
  };
}

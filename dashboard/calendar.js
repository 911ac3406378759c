// The person's own calendar: where hours, days and weeks begin in the zone of this computer.

const HOUR_MS = 3_600_000;
const COUNT = { hours: 24, days: 30, weeks: 26 };

/** Where the bars of this span begin, and where the last one ends: milliseconds since 1970. */
export function edges(span, locale, now = new Date()) {
  const [year, month, today] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const at = {
    // Counted in hours and not in numbers of hours, of which the calendar leaves one out in spring
    // and has one twice in autumn.
    hours: (place) => hour(now) + (place - 23) * HOUR_MS,
    days: (place) => new Date(year, month, today - 29 + place).getTime(),
    weeks: (place) => new Date(year, month, today - weekday(now, locale) + 7 * (place - 25))
      .getTime(),
  }[span];
  return Array.from({ length: COUNT[span] + 1 }, (_, place) => at(place));
}

/** When this hour began. */
const hour = (now) =>
  now.getTime() - (now.getMinutes() * 60 + now.getSeconds()) * 1_000 - now.getMilliseconds();

/** How many days ago the week began, as the person's language has it. */
function weekday(now, tag) {
  const locale = new Intl.Locale(tag);
  const { firstDay } = locale.getWeekInfo?.() ?? locale.weekInfo ?? { firstDay: 1 };
  return (now.getDay() - firstDay + 7) % 7;
}

import type { WorkerStatistics } from '@olla/core/statistics';
import type { Question, Replies } from '../ports/ask.ts';
import type { StatisticsReading, StatisticsShare } from '../ports/statistics.ts';
import { isFor } from './is-for.ts';
import type { Member } from './member.ts';

/** Workers of this host that do not reply within this time count as missing. */
const STATISTICS_DEADLINE_MS = 100;

/** Sends a question to the members that it is for. Never rejects: members without a reply in time are `missing`. */
export async function askMembers(
  members: readonly Member[],
  question: Question,
  deadlineMs: number,
): Promise<Replies> {
  const replies: { instance: string; reply: unknown }[] = [];
  const missing: string[] = [];
  await Promise.all(
    members
      .filter(({ instance }) => isFor(question, instance))
      .map(async (member) => {
        try {
          const reply = await member.query('ask.question', question, deadlineMs);
          if (reply !== null) replies.push({ instance: member.instance.id, reply });
        } catch {
          // The member was late, has left or has failed, so it is listed as missing.
          missing.push(member.instance.id);
        }
      }),
  );
  return { replies, missing };
}

/** Reads the members' statistics. For a member without a reply in time it uses the last report. */
export async function readMemberStatistics(
  members: readonly Member[],
  deadlineMs: number,
): Promise<StatisticsReading> {
  const workers: StatisticsShare[] = [];
  const missing: string[] = [];
  const patienceMs = Math.min(deadlineMs, STATISTICS_DEADLINE_MS);
  await Promise.all(
    members.map(async (member) => {
      try {
        const own = await member.query('statistics.own', null, patienceMs);
        if (own === null) return;
        member.statistics = own;
        member.statisticsAtMs = performance.now();
        workers.push(shareOf(member, own, 0));
      } catch {
        // The member was late or has failed, so its last report counts. A member that left is an ended worker already.
        if (member.instance.role === 'worker') missing.push(member.instance.id);
        if (member.statistics === null || member.hasEnded) return;
        workers.push(shareOf(member, member.statistics, performance.now() - member.statisticsAtMs));
      }
    }),
  );
  return { workers, missing };
}

function shareOf({ instance }: Member, statistics: WorkerStatistics, ageMs: number): StatisticsShare {
  const { id, gateway, host } = instance;
  return { instance: id, gateway, host, alive: true, ageMs, statistics };
}

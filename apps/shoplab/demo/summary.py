"""The demo's closing summary."""

from statistics import median

from shoplab.core.console import out, table
from shoplab.demo.story import Story
from shoplab.recommend.commands import echo_summary as echo_training
from shoplab.segments.commands import echo_summary as echo_segments


def print_summary(story: Story, seconds: float, keep: bool) -> None:
    """Counts, segments, the stream's figures, a user's recommendations and why, and where the report is."""
    out.print(f"\n[bold]What happened[/] in {seconds:.0f} s\n")
    out.print(story.ingested.line())
    out.print(story.analysed.line())
    for text in story.analysed.left_out:
        out.print(f"left out: {text}")
    out.print()
    echo_segments(story.segmented)
    out.print()
    echo_training(story.trained)
    _print_stream(story)
    _print_answer(story)
    out.print(f"\nreport: {story.report}")
    if not keep:
        out.print(f"pages:  {story.pages}  (closed now; ./lab demo --keep leaves HDFS and the API running)")


def _print_stream(story: Story) -> None:
    if not story.batches or story.checked is None:
        return
    checked = story.checked
    duration = median(batch.duration_ms for batch in story.batches) / 1000
    latency = median(batch.latency_p50_ms for batch in story.batches) / 1000
    out.print(
        f"stream: {checked.accounted:,} events in {checked.batches} micro-batches: {checked.new:,} new,"
        f" {checked.duplicates:,} duplicates, {checked.rejected:,} rejected, {checked.waiting:,} unaccounted;"
        f" medians: {duration:.1f} s a batch, {latency:.1f} s from Kafka to HDFS\n"
    )


def _print_answer(story: Story) -> None:
    answer = story.answer
    rows = [
        (
            item["rank"],
            " ".join(part for part in (item["brand"], item["category_code"], item["product_id"]) if part),
            item["price"] or "–",
            item["score"],
            item["why"],
        )
        for item in answer["items"]
    ]
    title = f"user {answer['user_id']} ({answer['segment_name']}), answered by the API in {story.answer_ms:.0f} ms"
    table(("#", "recommended", "price", "score", "why"), rows, title)

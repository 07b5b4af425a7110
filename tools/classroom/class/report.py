"""The results of a class: a table for machines, a page for people, a page for each question.

What comes from a hand-in is text, never markup or a formula.
"""

import csv
import html
from pathlib import Path
from typing import Dict, List

from marks import Mark
from questions import answers, questions
from weights import Row

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse }
th, td { border: 1px solid #ccc; padding: .2em .5em; text-align: right; vertical-align: top }
th { position: sticky; top: 0; background: #eee }
td:first-child, th:first-child, td.text { text-align: left }
td.less { background: #fff3d0 } td.none { background: #fbd9d3 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .5em }
h2 { margin-top: 1.5em; font-size: 1.1em }
@media (prefers-color-scheme: dark) {
body { color: #ddd; background: #1b1b1b } th, pre { background: #2b2b2b }
th, td { border-color: #555 }
td.less { background: #4a3d10 } td.none { background: #5a231b } a { color: #8bf } }
"""


def page(title: str, body: List[str]) -> str:
    """Return a page that needs nothing else."""
    return "\n".join(["<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">',
                      '<meta name="viewport" content="width=device-width">',
                      f"<title>{html.escape(title)}</title>", f"<style>{STYLE}</style>",
                      f"<h1>{html.escape(title)}</h1>", *body, "</html>", ""])


def write(path: Path, text: str) -> None:
    """Replace a file by another text."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    unfinished.replace(path)


# ---- The table ----

def cell(text: str) -> str:
    """Return a text that a spreadsheet takes as text."""
    line = "; ".join(text.splitlines())
    return "'" + line if line[:1] in tuple("=+-@\t\r") else line


def write_csv(path: Path, marks: List[Mark], rows: List[Row],
              remarks: Dict[str, List[str]]) -> None:
    """Write the points of all."""
    with open(path.with_name(path.name + ".new"), "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["name", "handed in", "days late", *[row.name for row in rows], "points",
                      "score", "of", "remarks"])
        possible = f"{sum(row.points for row in rows):g}"
        for mark in marks:
            graded = mark.record is not None
            out.writerow([cell(mark.handin.shown), f"{mark.when:%Y-%m-%d %H:%M}", mark.days,
                          *[f"{mark.points[row.name]:g}" if graded else "" for row in rows],
                          f"{mark.sum:g}" if graded else "", f"{mark.score:g}" if graded else "",
                          possible, cell("; ".join(remarks[mark.handin.name]))])
    path.with_name(path.name + ".new").replace(path)


# ---- The page of results ----

def colour(points: float, possible: float) -> str:
    """Return the class of a cell with points."""
    return "" if points == possible else ' class="less"' if points else ' class="none"'


def results_page(marks: List[Mark], rows: List[Row], remarks: Dict[str, List[str]],
                 asked: List[int]) -> str:
    """Return the page with the points of all, and below why each has not more."""
    graded = [mark for mark in marks if mark.record is not None]
    possible = sum(row.points for row in rows)
    body = [f"<p>{len(graded)} of {len(marks)} hand-ins are graded."]
    if asked:
        links = ", ".join(f'<a href="question-{number}.html">{number}</a>' for number in asked)
        body.append(f"<p>Answers to the questions: {links}.")
    heads = "".join(f"<th>{html.escape(row.name)}<br>{row.points:g}" for row in rows)
    body.append(f"<table><tr><th>name{heads}<th>points<br>{possible:g}<th>days late<th>score"
                "<th>remarks")
    for at, mark in enumerate(marks):
        body.append(f'<tr><td><a href="#h{at}">{html.escape(mark.handin.shown)}</a>')
        if mark.record is None:
            body.append("<td>" * (len(rows) + 1))
        else:
            body += [f"<td{colour(mark.points[row.name], row.points)}>{mark.points[row.name]:g}"
                     for row in rows]
            body.append(f"<td{colour(mark.sum, possible)}>{mark.sum:g}")
        body.append(f"<td>{mark.days or ''}<td>{f'{mark.score:g}' if mark.record else ''}"
                    f'<td class="text">{html.escape("; ".join(remarks[mark.handin.name])[:300])}')
    if graded:
        means = [sum(mark.points[row.name] for mark in graded) / len(graded) for row in rows]
        body.append("<tr><th>mean" + "".join(f"<th>{mean:.1f}" for mean in means) +
                    f"<th>{sum(means):.1f}<th><th>"
                    f"{sum(mark.score for mark in graded) / len(graded):.1f}<th>")
    body.append("</table>")
    for at, mark in enumerate(marks):
        body += details(at, mark, rows, remarks[mark.handin.name])
    return page("Results", body)


def details(at: int, mark: Mark, rows: List[Row], remarks: List[str]) -> List[str]:
    """Return why a hand-in has not more points."""
    body = [f'<h2 id="h{at}">{html.escape(mark.handin.shown)}</h2>',
            f"<p>handed in {mark.when:%Y-%m-%d %H:%M}"]
    body += [f"<p>{html.escape(remark)}" for remark in remarks]
    if mark.record is None or mark.record.refused:
        return body
    if mark.record.build:
        return body + [f"<pre>{html.escape(mark.record.build)}</pre>"]
    wrong = [f"{name}: {mark.record.tests[name]['why']}" for row in rows for name in row.tests
             if not mark.record.tests[name]["passed"]]
    return body + [f"<pre>{html.escape(line)}</pre>" for line in wrong or ["all tests pass"]]


# ---- The questions ----

def write_questions(folder: Path, guide: str, marks: List[Mark]) -> List[int]:
    """Write a page for each question, with all answers to it; return their numbers."""
    given = {mark.handin.name: answers(guide, mark.record.answers)
             for mark in marks if mark.record is not None}
    asked = questions(guide)
    for number, text in [(0, "What is answered to no question"),
                         *[(question.number, question.text) for question in asked]]:
        body, missing = [f"<p>{html.escape(text)}"], []
        for mark in marks:
            answer = given.get(mark.handin.name, {}).get(number, "")
            if answer:
                body += [f"<h2>{html.escape(mark.handin.shown)}</h2>",
                         f"<pre>{html.escape(answer)}</pre>"]
            else:
                missing.append(mark.handin.shown)
        if number and missing:
            body.append(f"<p>No answer: {html.escape(', '.join(missing))}")
        if number == 0 and len(body) == 1:
            (folder / "question-0.html").unlink(missing_ok=True)
        else:
            write(folder / f"question-{number}.html", page(f"Question {number}", body))
    return [question.number for question in asked]


def write_all(folder: Path, marks: List[Mark], rows: List[Row], remarks: Dict[str, List[str]],
              guide: str) -> None:
    """Write everything."""
    asked = write_questions(folder, guide, marks)
    write_csv(folder / "grades.csv", marks, rows, remarks)
    write(folder / "index.html", results_page(marks, rows, remarks, asked))

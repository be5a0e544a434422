"""The bundled newsroom: invented sources with invented news, served over real HTTP on this machine.

``syndicate demo`` runs the whole pipeline on it, and the tests of the whole use it too.
"""

from syndicate.demo.demo_folder import DemoFolder, open_place
from syndicate.demo.demo_run import Outcome, run_pipeline
from syndicate.demo.newsroom import Piece, Publication, load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer

__all__ = [
    "DemoFolder",
    "NewsroomServer",
    "Outcome",
    "Piece",
    "Publication",
    "load_newsroom",
    "open_place",
    "run_pipeline",
]

"""Demo: invented publications, served over HTTP on this machine, for ``syndicate demo`` and tests."""

from syndicate.demo.demo_folder import DemoFolder, open_demo_folder
from syndicate.demo.demo_run import DemoResult, run_pipeline
from syndicate.demo.newsroom import Piece, Publication, load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer

__all__ = [
    "DemoFolder",
    "DemoResult",
    "NewsroomServer",
    "Piece",
    "Publication",
    "load_newsroom",
    "open_demo_folder",
    "run_pipeline",
]

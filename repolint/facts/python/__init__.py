"""What the Python of the repository says, read as syntax trees and never run."""
